//! Measures the index with a store of 100,000 invented products, the same on every run. The number of products is the first
//! argument, if there is one.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use sir0_search::{Dimension, Document, Found, Index, Order, Query, Words};

const GENRE: Dimension = Dimension(0);
const TAG: Dimension = Dimension(1);
const LANGUAGE: Dimension = Dimension(2);
const STUDIO: Dimension = Dimension(3);
const PRICE: Dimension = Dimension(4);
/// How many different words are in the store.
const VOCABULARY: usize = 60_000;
/// The same numbers on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    /// As words of a language: about as often as their rank is low (Zipf).
    fn rank(&mut self) -> usize {
        let most = self.below(VOCABULARY) + 1;
        let some = self.below(most) + 1;
        self.below(some)
    }
}

/// A word of syllables, another for each rank, the frequent ones short.
fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ka", "lo", "mi", "ter", "sun", "ra", "ne", "dar", "fo", "gli", "sta", "ve", "ro", "pin",
        "u", "be", "tro", "wy", "chan", "el",
    ];
    let (mut word, mut rest) = (String::new(), rank + 20);
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

fn document(id: u32, numbers: &mut Numbers) -> Document {
    let title: Vec<_> = (0..3).map(|_| word(numbers.below(VOCABULARY / 3))).collect();
    let mut text = String::new();
    while text.len() < 500 {
        write!(text, "{} ", word(numbers.rank())).expect("a string takes all");
    }
    let mut facets = vec![(GENRE, format!("genre {}", numbers.below(30)))];
    facets.extend((0..5).map(|_| (TAG, format!("tag {}", numbers.rank() % 400))));
    facets.extend((0..4).map(|_| (LANGUAGE, format!("language {}", numbers.below(25)))));
    facets.push((STUDIO, format!("studio {}", numbers.below(20_000))));
    facets.push((PRICE, format!("band {}", numbers.below(6))));
    let title = title.join(" ");
    Document {
        id,
        title_key: title.clone().into_bytes(),
        titles: vec![title],
        texts: vec![text],
        facets,
        added: i64::from(id),
        release: (!id.is_multiple_of(5))
            .then(|| i64::try_from(numbers.below(4000)).expect("small")),
        price: i64::try_from(numbers.below(60)).expect("small") * 100,
    }
}

/// The memory of this process, where Linux tells it.
fn resident_mib() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .map_or(0, |pages: usize| pages / 256)
}

struct Times(Vec<Duration>);

impl Times {
    fn of<T>(count: usize, mut work: impl FnMut(usize) -> T) -> Self {
        let time = |at| {
            let begin = Instant::now();
            std::hint::black_box(work(at));
            begin.elapsed()
        };
        let mut times: Vec<_> = (0..count).map(time).collect();
        times.sort_unstable();
        Self(times)
    }

    fn print(&self, what: &str) {
        let [least, half, most, all] =
            [0, 50, 99, 100].map(|part| self.0[(self.0.len() * part / 100).min(self.0.len() - 1)]);
        println!(
            "{what:<48} least {least:>9.1?}  p50 {half:>9.1?}  p99 {most:>9.1?}  max {all:>9.1?}"
        );
    }
}

fn search(text: &str, order: Order) -> Query {
    let facets = vec![(GENRE, 30), (TAG, 30), (LANGUAGE, 30), (STUDIO, 30), (PRICE, 30)];
    Query { words: Words::parse(text), order, page_size: 100, facets, ..Query::default() }
}

/// Reads the list to its end in pages, and answers the time of each.
fn walk(index: &Index, mut query: Query) -> Times {
    let mut times = Vec::new();
    loop {
        let begin = Instant::now();
        let Found { page, .. } = index.find(&query);
        times.push(begin.elapsed());
        let Some(last) = page.last() else { break };
        query.after = Some(last.place.clone());
    }
    times.sort_unstable();
    Times(times)
}

fn main() {
    let count: u32 =
        std::env::args().nth(1).map_or(100_000, |count| count.parse().expect("a number"));
    let mut numbers = Numbers(7);
    let before = resident_mib();
    let mut index = Index::new();
    sir0_kernel::prepare_search();
    let mut building = Duration::ZERO;
    for id in 0..count {
        let document = document(id, &mut numbers);
        let begin = Instant::now();
        index.put(&document);
        building += begin.elapsed();
    }
    println!(
        "{count} documents built in {building:.1?}; {} MiB more in memory",
        resident_mib() - before
    );

    let changed: Vec<_> = (0..2000)
        .map(|_| {
            let id = u32::try_from(numbers.below(count as usize)).expect("an id");
            document(id, &mut numbers)
        })
        .collect();
    Times::of(2000, |at| index.put(&changed[at])).print("a put that replaces");
    let removed: Vec<_> = changed.iter().map(|document| document.id).collect();
    Times::of(2000, |at| index.remove(removed[at])).print("a removal");
    for document in &changed {
        index.put(document);
    }

    let mut frequent = |words: usize| {
        let words: Vec<_> = (0..words).map(|_| word(numbers.rank())).collect();
        words.join(" ")
    };
    let searches: Vec<_> = (0..300).map(|at| frequent(1 + at % 3)).collect();
    Times::of(300, |at| index.find(&search(&searches[at], Order::Relevance)))
        .print("words, five facets");
    let misspelt: Vec<_> = searches.iter().map(|text| text.replacen(['a', 'o'], "y", 1)).collect();
    Times::of(300, |at| index.find(&search(&misspelt[at], Order::Relevance)))
        .print("misspelt words, five facets");
    Times::of(300, |at| {
        let mut query = search(&searches[at], Order::PriceUp);
        query.filters = vec![
            (GENRE, vec![format!("genre {}", at % 30)]),
            (LANGUAGE, vec!["language 1".to_owned(), "language 2".to_owned()]),
        ];
        index.find(&query)
    })
    .print("words, two filters, five facets");
    Times::of(50, |_| index.find(&search("", Order::Newest))).print("no words, five facets");
    for (what, text) in [
        ("one letter", "k".to_owned()),
        ("16 letters", "a b c d e f g k l m n p r s t u".to_owned()),
        ("16 frequent words", (0..16).map(word).collect::<Vec<_>>().join(" ")),
        (
            "16 misspelt words",
            (0..16)
                .map(|at| word(9000 + at).replacen(['a', 'o'], "y", 1))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ("200 same letters", "k".repeat(200)),
    ] {
        Times::of(30, |_| index.find(&search(&text, Order::Relevance))).print(what);
    }
    for order in Order::ALL {
        let query = |text, facets| Query { facets, ..search(text, order) };
        walk(&index, query("", Vec::new())).print(&format!("each page of all by {order:?}"));
        walk(&index, query("ka", Vec::new()))
            .print(&format!("each page of a frequent word by {order:?}"));
    }
}
