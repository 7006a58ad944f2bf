//! A hundred titles in more than twenty scripts, with what a player of the language types, and what looks near and means
//! something else.

use super::*;

/// A title, what finds it, and what does not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const TITLES: &[Row] = &[
    // Latin: marks inside a word.
    ("Baldur's Gate", &["baldurs gate", "BALDUR’S GATE", "baldur's"], &["gates"]),
    ("Assassin’s Creed", &["assassins creed", "assassin's creed"], &["creeds"]),
    ("S.T.A.L.K.E.R.: Clear Sky", &["stalker", "s.t.a.l.k.e.r.", "clear sky"], &["talker"]),
    ("Spider-Man", &["spiderman", "spider man", "SPIDER-MAN"], &["manspider"]),
    ("Half-Life", &["halflife", "half life", "half-life"], &["lifehalf"]),
    ("NieR:Automata", &["nier automata", "nierautomata"], &["matautomata"]),
    ("Tom Clancy's R6", &["tom clancys", "r6"], &["clancies"]),
    ("F.E.A.R.", &["fear", "f.e.a.r"], &["ear"]),
    ("Ōkami", &["okami", "o\u{304}kami"], &["kami"]),
    ("Don't Starve", &["dont starve", "don’t"], &["dent"]),
    ("Rock 'n' Roll", &["rock n roll", "rock"], &["roller"]),
    ("AC/DC Live", &["acdc", "ac/dc"], &["dcac"]),
    // Latin: accents, case, width, composition.
    ("Pokémon", &["pokemon", "POKE\u{301}MON", "ｐｏｋéｍｏｎ"], &["pokomon"]),
    ("Łódź", &["lodz", "ŁÓDŹ", "łódź"], &["ludz"]),
    ("Øresund", &["oresund", "ØRESUND"], &["eresund"]),
    ("Æther", &["aether", "ÆTHER"], &["ether"]),
    ("Œuvre", &["oeuvre", "œuvre"], &["uvre"]),
    ("Đà Nẵng", &["da nang", "ĐÀ NẴNG"], &["da nung"]),
    ("Straße", &["strasse", "STRASSE", "straße"], &["strase"]),
    ("Diyarbakır", &["diyarbakir", "DİYARBAKIR", "DIYARBAKIR"], &["diyarbaker"]),
    ("İstanbul", &["istanbul", "ISTANBUL"], &["stanbul"]),
    ("Čarodějka", &["carodejka", "ČARODĚJKA"], &["karodejka"]),
    ("Žižkov", &["zizkov", "ŽIŽKOV"], &["sizkov"]),
    ("Año Nuevo", &["ano nuevo", "AÑO"], &["one nuevo"]),
    ("São Paulo", &["sao paulo", "SÃO"], &["soa"]),
    ("Français", &["francais", "FRANÇAIS"], &["frankais"]),
    ("Naïve", &["naive", "NAÏVE"], &["neive"]),
    ("Þór", &["þór", "ÞÓR", "þor"], &["por"]),
    ("ﬁre ﬂight", &["fire flight", "FIRE"], &["firf"]),
    ("Ｎｅｏｎ", &["neon", "ＮＥＯＮ"], &["neox"]),
    ("Mc² Lab", &["mc2", "mc²"], &["mc3"]),
    ("Quest Ⅳ", &["quest iv", "ⅳ"], &["quest vi"]),
    ("Șarpe", &["sarpe", "ȘARPE"], &["zarpe"]),
    ("Ġgantija", &["ggantija", "ĠGANTIJA"], &["gantija"]),
    // Greek.
    ("Οδυσσέας", &["οδυσσεας", "ΟΔΥΣΣΈΑΣ", "οδυσσεα"], &["ιδυσσεας"]),
    ("ΣΊΣΥΦΟΣ", &["σισυφος", "Σίσυφος"], &["σισυφης"]),
    ("ᾠδή", &["ωδη", "ᾨΔΉ"], &["αδη"]),
    // Cyrillic.
    ("Ёлка", &["елка", "ЁЛКА", "ёлка"], &["йлка"]),
    ("Трубадур", &["ТРУБАДУР", "труба"], &["трубадор"]),
    ("Йод", &["йод", "ЙОД", "и\u{306}од"], &["иод"]),
    ("Тетріс", &["тетріс", "ТЕТРІС"], &["тетрис"]),
    ("Ђорђе", &["ђорђе", "ЂОРЂЕ"], &["дорде"]),
    ("Қазақ", &["қазақ", "ҚАЗАҚ"], &["газаг"]),
    // Armenian, Georgian.
    ("Արարատ", &["արարատ", "ԱՐԱՐԱՏ"], &["արարիտ"]),
    ("ვეფხისტყაოსანი", &["ვეფხის", "ᲕᲔᲤᲮᲘᲡ"], &["ვეფხას"]),
    // Hebrew.
    ("בְּרֵאשִׁית", &["בראשית", "בְּרֵאשִׁית"], &["כראשית"]),
    ("מלך האש", &["מלך", "האש"], &["מלח"]),
    ("צה״ל", &["צהל", "צה״ל"], &["צחל"]),
    // Arabic, Persian, Urdu.
    ("مُحَمَّد", &["محمد", "مُحمد"], &["محمود"]),
    ("ألف ليلة", &["ليلة", "ألف"], &["ليالي"]),
    ("می‌خواهم", &["میخواهم", "می‌خواهم"], &["میخواهند"]),
    ("كتاب", &["كتاب", "ﻛﺘﺎﺏ"], &["كاتب"]),
    ("دنیا", &["دنیا"], &["دینا"]),
    // Devanagari, Bengali, Gurmukhi, Gujarati.
    ("दिल धड़कने दो", &["दिल", "धड़कने"], &["दल", "दाल"]),
    ("दलाल", &["दलाल", "दला"], &["दिल"]),
    ("क्षत्रिय", &["क्षत्रिय", "क्ष"], &["कषत्रिय"]),
    ("বাংলা", &["বাংলা", "বাং"], &["বংলা"]),
    ("ਪੰਜਾਬ", &["ਪੰਜਾਬ", "ਪੰਜ"], &["ਪਜਾਬ"]),
    ("ગુજરાત", &["ગુજરાત"], &["ગજરાત"]),
    // Tamil, Telugu, Kannada, Malayalam, Sinhala.
    ("தமிழ் விளையாட்டு", &["தமிழ்", "விளையாட்டு"], &["தமழ்"]),
    ("తెలుగు", &["తెలుగు", "తెలు"], &["తలుగు"]),
    ("ಕನ್ನಡ", &["ಕನ್ನಡ", "ಕನ್ನ"], &["ಕನನಡ"]),
    ("മലയാളം", &["മലയാളം", "മലയാ"], &["മലയളം"]),
    ("සිංහල", &["සිංහල", "සිං"], &["සංහල"]),
    // Thai, Lao, Khmer, Myanmar, Tibetan.
    ("เสือร้องไห้", &["เสือ", "ร้องไห้", "ร้อง"], &["เสื้อ"]),
    ("เสื้อ", &["เสื้อ"], &["เสือ"]),
    ("เกมสงคราม", &["สงคราม", "เกม"], &["สงคาม"]),
    ("ເກມລາວ", &["ລາວ", "ເກມ"], &["ລວາ"]),
    ("ប្រាសាទអង្គរ", &["អង្គរ", "ប្រាសាទ"], &["អងរគ"]),
    ("မြန်မာ", &["မြန်မာ", "မာ"], &["မြမာန်"]),
    ("བོད་ཡིག", &["བོད", "ཡིག"], &["བད"]),
    // Japanese.
    (
        "ガーデン",
        &["ガーデン", "ｶﾞｰﾃﾞﾝ", "カ\u{3099}ーテ\u{3099}ン", "ーデ"],
        &["カーテン", "ガーテン"],
    ),
    ("カーテンコール", &["カーテン", "コール"], &["ガーデン"]),
    ("ファイナルファンタジー", &["ファンタジー", "ファイナル", "ﾌｧﾝﾀｼﾞｰ"], &["ファンタシー"]),
    ("東方紅魔郷", &["紅魔郷", "東方", "紅魔", "郷"], &["魔紅"]),
    ("ドラゴンクエストXI", &["クエスト", "ドラゴンクエスト xi", "XI"], &["クエスド"]),
    ("ひぐらしのなく頃に", &["ひぐらし", "なく頃", "頃に"], &["ひくらし"]),
    ("スパイダー・マン", &["スパイダーマン", "スパイダー"], &["スパイター"]),
    ("桃太郎電鉄２０", &["桃太郎電鉄20", "電鉄", "20"], &["電鉄21"]),
    ("パパのゲーム", &["パパ"], &["ババ", "ハハ"]),
    // Chinese.
    ("王者荣耀", &["荣耀", "王者", "王者荣耀", "者荣"], &["荣王", "王荣"]),
    ("大三国志", &["三国", "三国志", "大三国志", "志"], &["三志"]),
    ("三國志14", &["三國志", "14", "三國志14"], &["三國志13"]),
    ("原神", &["原神", "神"], &["神原"]),
    ("植物大战僵尸", &["僵尸", "植物", "大战僵尸"], &["尸僵"]),
    ("仙劍奇俠傳", &["奇俠", "仙劍"], &["俠奇"]),
    // Korean.
    ("대한민국", &["대한", "민국", "한민"], &["국민"]),
    ("리그 오브 레전드", &["레전드", "오브", "리그"], &["레전트"]),
    ("한글 한국", &["한국", "한글", "\u{1112}\u{1161}\u{11AB}국"], &["한굴"]),
    // Vietnamese, Mongolian, Ethiopic, Cherokee, Tifinagh, Adlam, Deseret.
    ("Truyện Kiều", &["truyen kieu", "TRUYỆN KIỀU"], &["truyin"]),
    ("ᠮᠣᠩᠭᠣᠯ", &["ᠮᠣᠩᠭᠣᠯ", "ᠮᠣᠩ"], &["ᠮᠠᠩ"]),
    ("ኢትዮጵያ", &["ኢትዮጵያ", "ኢት"], &["አትዮጵያ"]),
    ("ᏣᎳᎩ", &["ᏣᎳᎩ", "ꮳꮃꭹ"], &["ᏣᎴᎩ"]),
    ("ⵜⵉⴼⵉⵏⴰⵖ", &["ⵜⵉⴼⵉⵏⴰⵖ", "ⵜⵉⴼ"], &["ⵜⴰⴼ"]),
    ("𞤀𞤣𞤤𞤢𞤥", &["𞤀𞤣𞤤𞤢𞤥", "𞤢𞤣𞤤𞤢𞤥"], &["𞤢𞤣𞤢"]),
    ("𐐔𐐯𐑅", &["𐐔𐐯𐑅", "𐐼𐐇𐐝"], &["𐐔𐐯𐐯"]),
    // Digits and mixtures.
    ("٢٠٤٨", &["2048", "٢٠٤٨"], &["2047"]),
    ("X战警", &["x战警", "战警", "X"], &["警战"]),
    ("2048 Ⅱ", &["2048 ii", "２０４８"], &["2048 iii"]),
    ("100% Orange", &["100 orange", "100%"], &["101"]),
];

on_every_engine! {
    async fn a_hundred_titles_are_found_by_what_their_players_type_and_by_nothing_near(db: StorefrontDb) {
        assert!(TITLES.len() >= 100, "{}", TITLES.len());
        db.keeps(TITLES.iter().map(|(title, ..)| a_new_game(title, "Puzzle", 0, ""))).await;
        let mut wrong = Vec::new();
        for (title, finding, near) in TITLES {
            for (searches, is_found) in [(finding, true), (near, false)] {
                for search in *searches {
                    if db.finds(search).await.contains(&(*title).to_owned()) != is_found {
                        wrong.push(format!("{search} {title} {is_found}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Another program has the order of CLDR too: ICU, within PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn titles_are_in_the_order_that_icu_gives_them() {
    let empty = Empty::on_postgres();
    let db = an_empty_database(empty.url()).await;
    let texts = TITLES.iter().flat_map(|(title, finding, near)| {
        [*title].into_iter().chain(finding.iter().copied()).chain(near.iter().copied())
    });
    // Unicode 16 brought ’ beside '. The ICU of a PostgreSQL may be older.
    let texts = texts.filter(|text| !text.contains('’'));
    db.keeps(texts.map(|text| a_new_game(text, "Puzzle", 0, ""))).await;
    let storage::Database::Postgres(engine) = db.database() else { panic!("it is PostgreSQL") };

    let query = sqlx::query_scalar("SELECT title FROM games ORDER BY title COLLATE \"und-x-icu\"");
    let by_icu: Vec<String> = query.fetch_all(engine.reader()).await.expect("a table");

    assert!(by_icu.len() > 300, "{}", by_icu.len());
    let key = |title: &str| Title::from_row(title.to_owned()).sort_key();
    let apart: Vec<_> = by_icu.windows(2).filter(|two| key(&two[0]) > key(&two[1])).collect();
    assert!(apart.is_empty(), "{apart:#?}");
    let listed = db.lists(&everything(Sort::Title)).await;
    assert!(titles(&listed).is_sorted_by_key(|title| key(title)));
}
