//! Whether the index answers as a search that looks at each document would, whatever came, went and was replaced before.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use proptest::prelude::*;
use sir0_kernel::{found_by, sought};
use sir0_search::{Dimension, Document, Facet, Found, Index, Order, Query, Words};

/// Few words, alike enough that searches find some of the documents. They sound as they are written.
const VOCABULARY: [&str; 12] = [
    "stone", "storm", "star", "stars", "harbor", "lantern", "lanterns", "night", "knight", "of",
    "a", "mint",
];

fn document() -> impl Strategy<Value = Document> {
    let words = |most| prop::collection::vec(prop::sample::select(&VOCABULARY[..]), 1..=most);
    let facets = prop::collection::vec((0..3_u8, 0..4_u8), 0..5);
    let keys = (0..6_i64, prop::option::of(0..4_i64), 0..4_i64);
    (0..24_u32, words(3), words(6), facets, keys).prop_map(|(id, title, text, facets, keys)| {
        let value = |(dimension, value)| (Dimension(dimension), format!("value {value}"));
        let title = title.join(" ");
        Document {
            id,
            title_key: title.clone().into_bytes(),
            titles: vec![title],
            texts: vec![text.join(" ")],
            facets: facets.into_iter().map(value).collect(),
            added: keys.0,
            release: keys.1,
            price: keys.2,
        }
    })
}

#[derive(Clone, Debug)]
enum Step {
    Put(Box<Document>),
    /// Other keys and facets for the document with the id, and the texts that it has.
    Change(Box<Document>),
    Remove(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => document().prop_map(|document| Step::Put(Box::new(document))),
        1 => document().prop_map(|document| Step::Change(Box::new(document))),
        1 => (0..24_u32).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 1..60)
}

fn query() -> impl Strategy<Value = (Query, &'static str)> {
    let typed = prop::sample::select(
        &[
            "",
            "st",
            "stone",
            "sto",
            "star",
            "lantern",
            "night mint",
            "a of",
            "ston",
            "s",
            "min nigh",
        ][..],
    );
    let filters = prop::collection::vec((0..3_u8, prop::collection::vec(0..5_u8, 1..3)), 0..3);
    (typed, filters, prop::sample::select(&Order::ALL[..]), 1..6_usize).prop_map(
        |(typed, filters, order, page_size)| {
            let filter = |(dimension, values): (u8, Vec<u8>)| {
                let values = values.into_iter().map(|value| format!("value {value}"));
                (Dimension(dimension), values.collect())
            };
            let query = Query {
                words: Words::parse(typed),
                filters: filters.into_iter().map(filter).collect(),
                order,
                page_size,
                facets: vec![(Dimension(0), 2), (Dimension(2), 9)],
                after: None,
            };
            (query, typed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_index_answers_as_if_it_looked_at_every_document(
        steps in steps(),
        queries in prop::collection::vec(query(), 12),
    ) {
        let (mut index, mut documents) = (Index::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Put(document) => {
                    let has_same_texts = documents.get(&document.id).is_some_and(|before: &Document| {
                        (&before.titles, &before.texts) == (&document.titles, &document.texts)
                    });
                    prop_assert_eq!(index.put_with_same_texts(&document), has_same_texts);
                    if !has_same_texts {
                        index.put(&document);
                    }
                    documents.insert(document.id, *document);
                }
                Step::Change(other) => {
                    if let Some(document) = documents.get_mut(&other.id) {
                        let (titles, texts) = (document.titles.clone(), document.texts.clone());
                        *document = Document { titles, texts, ..*other };
                        prop_assert!(index.put_with_same_texts(document));
                    }
                }
                Step::Remove(id) => {
                    prop_assert_eq!(index.remove(id), documents.remove(&id).is_some());
                }
            }
        }
        let mut in_another_order = Index::new();
        documents.values().rev().for_each(|document| in_another_order.put(document));
        prop_assert_eq!(index.len(), documents.len());

        for (query, typed) in queries {
            let (ids, total, facets) = answer(&documents, &query, typed);
            let (all, first) = all_pages(&index, &query);
            prop_assert_eq!((&all, first.total, &first.facets), (&ids, total, &facets), "{:?}", typed);
            prop_assert_eq!(first, in_another_order.find(&query));
        }
    }
}

/// What a match costs: typos, parts by sound, parts outside of the title, a title with more than was typed, beginnings, words
/// more. The first differing number decides.
type Cost = [usize; 6];

/// Answers by looking at every document, as simply as the rules can be written.
fn answer(
    documents: &BTreeMap<u32, Document>,
    query: &Query,
    typed: &str,
) -> (Vec<u32>, usize, Vec<Facet>) {
    let typed: Vec<_> = sought(typed).into_iter().map(|part| part[0][0].clone()).collect();
    let written: Vec<_> =
        documents.values().filter(|it| cost(it, &typed, false).is_some()).collect();
    let forgives = written.len() < 10;
    let costs: BTreeMap<_, _> = documents
        .values()
        .filter_map(|document| Some((document.id, cost(document, &typed, forgives)?)))
        .collect();
    let passes = |document: &Document, but: Option<Dimension>| {
        query.filters.iter().filter(|(dimension, _)| Some(*dimension) != but).all(
            |(dimension, values)| {
                values.iter().any(|value| document.facets.contains(&(*dimension, value.clone())))
            },
        )
    };
    let matching: Vec<_> = documents.values().filter(|it| costs.contains_key(&it.id)).collect();
    let mut found: Vec<_> = matching.iter().filter(|it| passes(it, None)).collect();
    found.sort_by_key(|it| it.id);
    match query.order {
        Order::Relevance if !typed.is_empty() => {
            found.sort_by_key(|it| (costs[&it.id], Reverse((it.added, it.id))));
        }
        Order::Relevance | Order::Newest => found.sort_by_key(|it| Reverse((it.added, it.id))),
        Order::LatestRelease => found.sort_by_key(|it| Reverse((it.release, it.id))),
        Order::EarliestRelease => found.sort_by_key(|it| (it.release.is_none(), it.release)),
        Order::Title => found.sort_by(|one, other| one.title_key.cmp(&other.title_key)),
        Order::PriceUp => found.sort_by_key(|it| it.price),
        Order::PriceDown => found.sort_by_key(|it| Reverse((it.price, it.id))),
    }
    let facet = |(dimension, most): &(Dimension, usize)| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for document in matching.iter().filter(|it| passes(it, Some(*dimension))) {
            let values: BTreeSet<_> =
                document.facets.iter().filter(|(of, _)| of == dimension).collect();
            for (_, value) in values {
                *counts.entry(value.clone()).or_default() += 1;
            }
        }
        let mut values: Vec<_> = counts.into_iter().collect();
        values.sort_by_key(|(_, count)| Reverse(*count));
        values.truncate(*most);
        Facet { dimension: *dimension, values }
    };
    let ids: Vec<_> = found.iter().map(|document| document.id).collect();
    (ids, found.len(), query.facets.iter().map(facet).collect())
}

/// What a document costs that has every part, and with nothing typed each has.
fn cost(document: &Document, typed: &[String], forgives: bool) -> Option<Cost> {
    let title: Vec<String> = found_by(&document.titles[0]);
    let mut sum = [0; 6];
    for (at, part) in typed.iter().enumerate() {
        let is_last = |at: usize| at + 1 == typed.len();
        let mut costs = costs_of(document, &title, part, forgives, is_last(at));
        if forgives {
            let mut pairs = Vec::new();
            pairs.extend(at.checked_sub(1).map(|before| before..=at));
            pairs.extend((at + 1 < typed.len()).then_some(at..=at + 1));
            for pair in pairs {
                let (is_last, joined) = (is_last(*pair.end()), typed[pair].concat());
                let joined = costs_of(document, &title, &joined, true, is_last);
                costs.extend(joined.into_iter().map(|cost| [cost[0], 1, cost[2], 0, cost[4], 0]));
            }
        }
        let least = costs.into_iter().min()?;
        sum = std::array::from_fn(|at| sum[at] + least[at]);
    }
    sum[3] = usize::from(title.concat() != typed.concat());
    if sum[2] == 0 {
        sum[5] = title.len().saturating_sub(typed.len()).min(15);
    }
    Some(sum)
}

/// All the ways in which a document has a part.
fn costs_of(
    document: &Document,
    title: &[String],
    part: &str,
    forgives: bool,
    is_last: bool,
) -> Vec<Cost> {
    let mut costs = Vec::new();
    let begins = |word: &String| word.starts_with(part);
    costs.extend(title.iter().any(|word| word == part).then_some([0; 6]));
    costs.extend(title.iter().any(begins).then_some([0, 0, 0, 0, 1, 0]));
    costs.extend(found_by(&document.texts[0]).iter().any(begins).then_some([0, 0, 1, 0, 0, 0]));
    let sound = single(part);
    if sound.len() > 1 {
        costs.extend(title.contains(&sound).then_some([0, 1, 0, 0, 0, 0]));
        let joined = |from: usize| single(&title[from..].concat()).starts_with(&sound);
        costs.extend((0..title.len()).any(joined).then_some([0, 1, 0, 0, 1, 0]));
    }
    let limit = match part.len() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    for word in title.iter().filter(|_| forgives && limit > 0) {
        let whole = distance(&sound, word);
        let beginning = (0..=word.len()).map(|end| distance(&sound, &word[..end])).min();
        let beginning = beginning.filter(|_| is_last).unwrap_or(usize::MAX);
        if whole <= limit {
            costs.push([whole, 1, 0, 0, 0, 0]);
        } else if beginning <= limit && beginning > 0 {
            costs.push([beginning, 1, 0, 0, 1, 0]);
        }
    }
    costs
}

/// How the words of the vocabulary sound: as written, with each letter once where two words meet in it.
fn single(word: &str) -> String {
    let mut letters: Vec<_> = word.chars().collect();
    letters.dedup();
    letters.truncate(24);
    letters.into_iter().collect()
}

/// Optimal string alignment, by its definition.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut costs = vec![vec![0; other.len() + 1]; one.len() + 1];
    for a in 0..=one.len() {
        for b in 0..=other.len() {
            if a == 0 || b == 0 {
                costs[a][b] = a + b;
                continue;
            }
            let wrong = usize::from(one[a - 1] != other[b - 1]);
            let mut cost = costs[a - 1][b - 1] + wrong;
            cost = cost.min(costs[a - 1][b] + 1).min(costs[a][b - 1] + 1);
            if a > 1 && b > 1 && one[a - 1] == other[b - 2] && one[a - 2] == other[b - 1] {
                cost = cost.min(costs[a - 2][b - 2] + 1);
            }
            costs[a][b] = cost;
        }
    }
    costs[one.len()][other.len()]
}

/// All pages of a list, one behind the other.
fn all_pages(index: &Index, query: &Query) -> (Vec<u32>, Found) {
    let first = index.find(query);
    let (mut ids, mut page) = (Vec::new(), first.page.clone());
    while let Some(last) = page.last() {
        ids.extend(page.iter().map(|hit| hit.id));
        page = index.find(&Query { after: Some(last.place.clone()), ..query.clone() }).page;
    }
    (ids, first)
}
