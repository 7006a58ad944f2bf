//! What a field may hold beyond its type, as `buf.validate` says it in the file: for the tables of REST and for
//! OpenAPI.

mod read;
mod values;

use regex::Regex;
use serde_json::{Map, Value, json};

pub(crate) use read::{judge, of};

/// The folder of the files that say what a bound is.
pub(crate) const FOLDER: &str = "buf/";

/// All that bounds a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bounds {
    /// A message without the field is refused.
    pub(crate) is_required: bool,
    /// What the value, or the number of elements, must be.
    pub(crate) rules: Vec<Rule>,
    /// What each element of a list, or each value of a map, must be.
    pub(crate) each: Vec<Rule>,
}

/// One bound of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    AtLeast(f64),
    AtMost(f64),
    MoreThan(f64),
    LessThan(f64),
    MinChars(u64),
    MaxChars(u64),
    /// Bytes of a text.
    MaxTextBytes(u64),
    MinBytes(u64),
    MaxBytes(u64),
    Pattern(String),
    OneOf(Vec<String>),
    /// Names and numbers of an enum.
    Values(Vec<(String, i32)>),
    MinItems(u64),
    MaxItems(u64),
    MinEntries(u64),
    MaxEntries(u64),
}

/// A field's bounds as the tables have them, and the patterns that stand beside the tables.
pub(crate) struct Rendered {
    pub(crate) bounds: String,
    pub(crate) patterns: String,
}

impl Bounds {
    /// `name` begins the names of patterns.
    pub(crate) fn render(&self, name: &str) -> Rendered {
        let mut patterns = String::new();
        let mut bounds = String::new();
        if self.is_required {
            bounds += "Bound::Required,";
        }
        let mut rendered = |rules: &[Rule], name: &str| {
            rules.iter().map(|rule| rule.render(name, &mut patterns)).collect::<String>()
        };
        bounds += &rendered(&self.rules, name);
        let each = rendered(&self.each, &format!("{name}_EACH"));
        if !each.is_empty() {
            bounds.extend(["Bound::Each(&[", &each, "]),"]);
        }
        Rendered { bounds, patterns }
    }

    /// Adds the bounds to the schema of all that a field holds.
    pub(crate) fn narrow(&self, schema: &mut Value) {
        if let Value::Object(schema) = schema {
            for rule in &self.rules {
                rule.narrow(schema);
            }
            for name in ["items", "additionalProperties"] {
                if let Some(Value::Object(of_each)) = schema.get_mut(name) {
                    for rule in &self.each {
                        rule.narrow(of_each);
                    }
                }
            }
        }
    }
}

impl Rule {
    /// Whether 0, an empty text or no element break the bound.
    fn refuses_default(&self) -> bool {
        match self {
            Self::AtLeast(least) => *least > 0.0,
            Self::AtMost(most) => *most < 0.0,
            Self::MoreThan(bound) => *bound >= 0.0,
            Self::LessThan(bound) => *bound <= 0.0,
            Self::MinChars(least)
            | Self::MinBytes(least)
            | Self::MinItems(least)
            | Self::MinEntries(least) => *least > 0,
            Self::Pattern(pattern) => Regex::new(pattern).is_ok_and(|it| !it.is_match("")),
            Self::OneOf(texts) => !texts.iter().any(String::is_empty),
            Self::Values(values) => !values.iter().any(|(_, number)| *number == 0),
            Self::MaxChars(_)
            | Self::MaxTextBytes(_)
            | Self::MaxBytes(_)
            | Self::MaxItems(_)
            | Self::MaxEntries(_) => false,
        }
    }

    fn render(&self, name: &str, patterns: &mut String) -> String {
        match self {
            Self::AtLeast(it) => format!("Bound::AtLeast({it:?}),"),
            Self::AtMost(it) => format!("Bound::AtMost({it:?}),"),
            Self::MoreThan(it) => format!("Bound::MoreThan({it:?}),"),
            Self::LessThan(it) => format!("Bound::LessThan({it:?}),"),
            Self::MinChars(it) => format!("Bound::MinChars({it}),"),
            Self::MaxChars(it) => format!("Bound::MaxChars({it}),"),
            Self::MinBytes(it) => format!("Bound::MinBytes({it}),"),
            Self::MaxBytes(it) | Self::MaxTextBytes(it) => format!("Bound::MaxBytes({it}),"),
            Self::OneOf(texts) => format!("Bound::OneOf(&{texts:?}),"),
            Self::Values(values) => format!("Bound::Values(&{values:?}),"),
            Self::MinItems(it) | Self::MinEntries(it) => format!("Bound::MinItems({it}),"),
            Self::MaxItems(it) | Self::MaxEntries(it) => format!("Bound::MaxItems({it}),"),
            Self::Pattern(text) => {
                let pattern =
                    format!("pub static {name}_PATTERN: Pattern = Pattern::new({text:?});");
                patterns.extend(["/// A pattern.\n", &pattern, "\n"]);
                format!("Bound::Pattern(&{name}_PATTERN),")
            }
        }
    }

    /// Adds the bound to the schema of a value. A schema knows characters alone: a text of so many bytes has at most as
    /// many characters, and bytes are written in base64.
    fn narrow(&self, schema: &mut Map<String, Value>) {
        let (name, value) = match self {
            Self::AtLeast(it) => ("minimum", number(*it)),
            Self::AtMost(it) => ("maximum", number(*it)),
            Self::MoreThan(it) => ("exclusiveMinimum", number(*it)),
            Self::LessThan(it) => ("exclusiveMaximum", number(*it)),
            Self::MinChars(it) => ("minLength", json!(it)),
            Self::MaxChars(it) => ("maxLength", json!(it)),
            Self::MaxTextBytes(it) => {
                let known = schema.get("maxLength").and_then(Value::as_u64);
                ("maxLength", json!(known.map_or(*it, |known| known.min(*it))))
            }
            Self::MinBytes(it) => ("minLength", json!((it * 4).div_ceil(3))),
            Self::MaxBytes(it) => ("maxLength", json!(it.div_ceil(3) * 4)),
            Self::Pattern(text) => ("pattern", json!(text)),
            Self::OneOf(texts) => ("enum", json!(texts)),
            Self::Values(values) => {
                ("enum", values.iter().map(|(name, _)| json!(name)).collect::<Value>())
            }
            Self::MinItems(it) => ("minItems", json!(it)),
            Self::MaxItems(it) => ("maxItems", json!(it)),
            Self::MinEntries(it) => ("minProperties", json!(it)),
            Self::MaxEntries(it) => ("maxProperties", json!(it)),
        };
        schema.insert(name.to_owned(), value);
    }
}

/// A number as a reader would write it: `1` and not `1.0`.
fn number(number: f64) -> Value {
    serde_json::from_str(&number.to_string()).expect("a finite number is JSON")
}
