-- From here on the words of a title stand in `words` a second time, each behind the mark U+E000, which no word that people
-- type has. So one index tells both whether a game has a word and whether its title has it, and `words` is never half
-- new: whoever writes it writes all of it.
--
-- Games that an older version wrote have no mark. They are found as before, behind those whose title has the words, and
-- get theirs in the background: these are the ones to do.
CREATE INDEX games_without_title_words ON games (game_id) WHERE instr(words, char(57344)) = 0;
