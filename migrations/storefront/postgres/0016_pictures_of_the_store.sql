-- Pictures that the store began with have no uploader.
ALTER TABLE game_pictures ALTER COLUMN user_id DROP NOT NULL;
