-- Pictures that the store began with: nobody uploaded them.
ALTER TABLE game_pictures ALTER COLUMN user_id DROP NOT NULL;
