-- From here on the words of a title stand behind the mark U+E001: they are cut by other rules, for text without blanks, with
-- vowel signs and with marks inside a word. Games whose words have no such mark are cut anew in the background. The index
-- of before stays as long as an older version may look for games without the mark U+E000.
CREATE INDEX games_to_cut ON games (game_id) WHERE strpos(words, chr(57345)) = 0;
