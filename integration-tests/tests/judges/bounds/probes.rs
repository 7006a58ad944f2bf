//! From the bounds of the contract to messages on both sides of them.

use std::fmt;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value as Rule,
};
use serde_json::{Map, Value, json};
use sir0_contract::{Call, FILE_DESCRIPTOR_SET, calls};

use super::recipes::{self, Recipe, Stage};

/// A message that keeps or breaks a bound.
pub(super) struct Probe {
    pub(super) call: &'static Call,
    /// The field that the bound is of.
    pub(super) field: FieldDescriptor,
    /// The bound: `string.max_len`.
    rule: String,
    /// As JSON has it.
    pub(super) message: Value,
    /// Whether the message lies just beyond the bound, and not just within.
    pub(super) is_beyond: bool,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_beyond { "beyond" } else { "within" };
        write!(f, "{} just {side} {}: {}", self.field.full_name(), self.rule, self.message)
    }
}

impl Probe {
    pub(super) fn wire(&self) -> Vec<u8> {
        let message =
            DynamicMessage::deserialize(self.field.parent_message().clone(), &self.message);
        message.unwrap_or_else(|error| panic!("{self}: {error}")).encode_to_vec()
    }
}

/// Both sides of every bound of every request.
pub(super) fn all(stage: &Stage) -> Vec<Probe> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors");
    let mut made = Maker { stage, probes: Vec::new() };
    for call in calls() {
        let request = pool.get_message_by_name(call.request.name).expect("a message");
        must_be_flat(&request, &mut vec![request.clone()]);
        for field in request.fields() {
            for (rule, value) in rules_of(&pool, &field) {
                made.probe(call, &field, &rule, &value);
            }
        }
    }
    made.probes
}

/// Fails on a bound within a message within a request: no recipe reaches there.
fn must_be_flat(message: &MessageDescriptor, seen: &mut Vec<MessageDescriptor>) {
    let pool = message.parent_pool().clone();
    let inner = message.fields().filter_map(|field| field.kind().as_message().cloned());
    for inner in inner.collect::<Vec<_>>() {
        if seen.contains(&inner) {
            continue;
        }
        for field in inner.fields() {
            let rules = rules_of(&pool, &field);
            assert!(rules.is_empty(), "{} has a bound and no recipe", field.full_name());
        }
        seen.push(inner.clone());
        must_be_flat(&inner, seen);
    }
}

/// The bounds of a field, each by its name: `required`, `string.max_len`, `repeated.items.int32.gte`.
fn rules_of(pool: &DescriptorPool, field: &FieldDescriptor) -> Vec<(String, Rule)> {
    let extension = pool.get_extension_by_name("buf.validate.field").expect("it is imported");
    let options = field.options();
    let rules = options.get_extension(&extension);
    let mut flat = Vec::new();
    flatten(rules.as_message().expect("a message"), "", &mut flat);
    flat
}

fn flatten(rules: &DynamicMessage, around: &str, flat: &mut Vec<(String, Rule)>) {
    for (rule, value) in rules.fields() {
        let name = format!("{around}{}", rule.name());
        match value {
            Rule::Message(rules) => flatten(rules, &format!("{name}."), flat),
            value => flat.push((name, value.clone())),
        }
    }
}

struct Maker<'s> {
    stage: &'s Stage,
    probes: Vec<Probe>,
}

impl Maker<'_> {
    /// Makes what lies on both sides of a bound.
    fn probe(&mut self, call: &'static Call, field: &FieldDescriptor, rule: &str, value: &Rule) {
        let turn = self.probes.len() as u64;
        let (within, beyond) = sides(field, recipes::of(field), rule, value, turn);
        for (value, is_beyond) in within.into_iter().map(|it| (it, false)).chain([(beyond, true)]) {
            let turn = self.probes.len() as u64;
            let good = self.stage.good(field.parent_message().full_name(), turn);
            let mut message: Map<String, Value> = good.as_object().expect("an object").clone();
            match value {
                Some(value) => message.insert(field.json_name().to_owned(), value),
                None if is_beyond => message.remove(field.json_name()),
                None => None,
            };
            let (field, rule, message) = (field.clone(), rule.to_owned(), Value::Object(message));
            self.probes.push(Probe { call, field, rule, message, is_beyond });
        }
    }
}

/// Values just within a bound, and one just beyond. `None` within is the good message as it is; `None` beyond is a
/// message without the field.
fn sides(
    field: &FieldDescriptor,
    recipe: Recipe,
    rule: &str,
    value: &Rule,
    turn: u64,
) -> (Vec<Option<Value>>, Option<Value>) {
    let text = |chars: u64, turn: u64| match recipe {
        Recipe::Text(text) | Recipe::Pattern(text, _) => Some(json!(text(chars, turn))),
        Recipe::Number | Recipe::OneOf | Recipe::Written { .. } => None,
    };
    let of_list = |value: Value| if field.is_list() { json!([value]) } else { value };
    // `1` and not `1.0`: a path has one spelling for each number.
    let number = |number: f64| of_list(number.to_string().parse().expect("a number of JSON"));
    let step = if matches!(field.kind(), Kind::Double | Kind::Float) { 0.01 } else { 1.0 };
    let (kind, name) = rule.rsplit_once('.').unwrap_or(("", rule));
    match (kind, name, value, recipe) {
        ("", "required", Rule::Bool(true), _) => (vec![None], None),
        ("string", "min_len", Rule::U64(least), _) => {
            (vec![text(*least, turn)], text(least - 1, turn))
        }
        ("string", "max_len", Rule::U64(most), _) => {
            (vec![text(*most, turn)], text(most + 1, turn))
        }
        ("string", "max_bytes", Rule::U64(most), _) => {
            let wide = |chars: u64| json!(wide(chars, turn));
            (vec![Some(wide(most / 4))], Some(wide(most / 4 + 1)))
        }
        ("string", "pattern", Rule::String(_), Recipe::Pattern(text, broken)) => {
            (vec![Some(json!(text(9, turn))), Some(json!("!~"))], Some(json!(broken)))
        }
        (_, "pattern", Rule::String(_), Recipe::Written { good, broken }) => {
            (vec![Some(of_list(json!(good)))], Some(of_list(json!(broken))))
        }
        ("repeated.items.string", "in", Rule::List(texts), Recipe::Written { broken, .. }) => {
            let within = texts.iter().map(|text| Some(json!([text.as_str().expect("a text")])));
            (within.collect(), Some(json!([broken])))
        }
        ("repeated", "max_items", Rule::U64(most), Recipe::Written { good, .. }) => {
            let list = |count: u64| Some((0..count).map(|_| json!(good)).collect());
            (vec![list(*most)], list(most + 1))
        }
        ("enum", "in", Rule::List(numbers), Recipe::OneOf) => {
            let numbers = numbers.iter().map(|number| number.as_i32().expect("a number"));
            let most = numbers.clone().max().expect("a value");
            (numbers.map(|number| Some(json!(number))).collect(), Some(json!(most + 1)))
        }
        ("string", "in", Rule::List(texts), Recipe::OneOf) => {
            let within = texts.iter().map(|text| Some(json!(text.as_str().expect("a text"))));
            (within.collect(), Some(json!("another")))
        }
        ("repeated", "max_items", Rule::U64(most), Recipe::Number) => {
            let list = |count: u64| Some(json!((1..=count).collect::<Vec<_>>()));
            (vec![list(*most)], list(most + 1))
        }
        (_, "gte", bound, Recipe::Number) => {
            let bound = as_f64(bound);
            (vec![Some(number(bound))], Some(number(bound - step)))
        }
        (_, "lte", bound, Recipe::Number) => {
            let bound = as_f64(bound);
            (vec![Some(number(bound))], Some(number(bound + step)))
        }
        _ => panic!("{} has the bound {rule}, which no recipe makes", field.full_name()),
    }
}

fn as_f64(number: &Rule) -> f64 {
    number.as_f64().or_else(|| number.as_i32().map(f64::from)).expect("a number of this contract")
}

/// So many characters of four bytes each, no two neighbours the same.
fn wide(chars: u64, turn: u64) -> String {
    let sign = |at: u64| {
        char::from_u32(0x1_F400 + u32::try_from((at * at * 7 + at * 3 + turn) % 61).expect("small"))
    };
    (0..chars).map(|at| sign(at).expect("a picture")).collect()
}
