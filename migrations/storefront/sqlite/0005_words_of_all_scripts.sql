-- From here on the words of a title stand behind the mark U+E001: they are cut by other rules, for text without blanks, with
-- vowel signs and with marks inside a word. Games whose words have no such mark are cut anew in the background.
DROP INDEX games_without_title_words;
CREATE INDEX games_to_cut ON games (game_id) WHERE instr(words, char(57345)) = 0;

-- The index takes the words as they come. Its tokenizer for Unicode would cut them again at the vowel signs of Hindi.
DROP TABLE games_words;
CREATE VIRTUAL TABLE games_words USING fts5 (
    words,
    content = 'games', content_rowid = 'game_id',
    tokenize = 'ascii'
);
INSERT INTO games_words (games_words) VALUES ('rebuild');
