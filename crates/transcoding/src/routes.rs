//! Finding the binding that a path fits.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use percent_encoding::percent_decode_str;

use crate::call::{Binding, Segment, Variable};

/// Bindings by their paths. A literal segment goes before a variable one, whatever the method: `/users/login` is never
/// the user `login`.
#[derive(Debug, Default)]
pub struct Routes {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: BTreeMap<&'static str, Node>,
    any: Option<Box<Node>>,
    /// Bindings that end here.
    ends: Ends,
    /// Bindings that take all that is left.
    rests: Ends,
}

/// Bindings of one path by their custom verbs, each with the number that it was added with.
type Ends = Vec<(Option<&'static str>, Vec<(&'static Binding, usize)>)>;

/// Two bindings that no request could tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The method of both.
    pub verb: &'static str,
    /// The template of the second.
    pub template: &'static str,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} is taken by another call", self.verb, self.template)
    }
}

impl std::error::Error for Taken {}

/// What a path leads to.
#[derive(Debug)]
pub struct Found<'routes, 'path> {
    /// A binding for each method that the path takes, with the number that it was added with.
    pub bindings: &'routes [(&'static Binding, usize)],
    segments: Vec<Cow<'path, str>>,
}

impl Routes {
    /// Adds a binding under a number of the caller's choice.
    pub fn add(&mut self, binding: &'static Binding, number: usize) -> Result<(), Taken> {
        let mut node = &mut self.root;
        let (ends, before) = match binding.segments.split_last() {
            Some((Segment::Rest, before)) => (true, before),
            _ => (false, binding.segments),
        };
        for segment in before {
            node = match segment {
                Segment::Literal(literal) => node.literals.entry(literal).or_default(),
                Segment::Any | Segment::Rest => node.any.get_or_insert_default(),
            };
        }
        let ends = if ends { &mut node.rests } else { &mut node.ends };
        let at = ends.iter().position(|(verb, _)| *verb == binding.custom_verb);
        let at = at.unwrap_or_else(|| {
            ends.push((binding.custom_verb, Vec::new()));
            ends.len() - 1
        });
        let bindings = &mut ends[at].1;
        if bindings.iter().any(|(other, _)| other.verb == binding.verb) {
            return Err(Taken { verb: binding.verb, template: binding.template });
        }
        bindings.push((binding, number));
        Ok(())
    }

    /// Finds the bindings of a path. `None` if there is nothing at the path.
    ///
    /// Escapes are undone once the path is cut, so `%2F` separates nothing.
    #[must_use]
    pub fn find<'path>(&self, path: &'path str) -> Option<Found<'_, 'path>> {
        let is_escaped = path.contains('%');
        let cut = |segment: &'path str| {
            if is_escaped { unescaped(segment) } else { Cow::Borrowed(segment) }
        };
        let mut rest = path.strip_prefix('/')?;
        let mut segments = Vec::with_capacity(4);
        // Byte by byte: paths are short, and a search for a text begins with more than that.
        while let Some(slash) = rest.bytes().position(|byte| byte == b'/') {
            segments.push(cut(&rest[..slash]));
            rest = &rest[slash + 1..];
        }
        segments.push(cut(rest));
        // A colon in the last segment begins a custom verb, or else belongs to a value.
        let last = segments.last_mut()?;
        if let Some(colon) = last.bytes().rposition(|byte| byte == b':') {
            let whole = std::mem::take(last);
            *last = Cow::Owned(whole[..colon].to_owned());
            if let Some(bindings) = self.root.find(&segments, Some(&whole[colon + 1..])) {
                return Some(Found { bindings, segments });
            }
            *segments.last_mut()? = whole;
        }
        let bindings = self.root.find(&segments, None)?;
        Some(Found { bindings, segments })
    }
}

impl Node {
    /// The bindings that take these segments, of the most literal template that fits.
    fn find(
        &self,
        segments: &[Cow<'_, str>],
        verb: Option<&str>,
    ) -> Option<&[(&'static Binding, usize)]> {
        fn of<'e>(ends: &'e Ends, verb: Option<&str>) -> Option<&'e [(&'static Binding, usize)]> {
            ends.iter().find(|(known, _)| *known == verb).map(|(_, bindings)| &**bindings)
        }
        let Some((first, rest)) = segments.split_first() else {
            return of(&self.ends, verb).or_else(|| of(&self.rests, verb));
        };
        let literal = self.literals.get(&**first).and_then(|node| node.find(rest, verb));
        let any = self.any.as_deref().filter(|_| !first.is_empty());
        literal
            .or_else(|| any.and_then(|node| node.find(rest, verb)))
            .or_else(|| of(&self.rests, verb))
    }
}

impl Found<'_, '_> {
    /// The text that the path has for a variable. One of several segments keeps `%2F` escaped, as `google.api.http` has
    /// it.
    pub(crate) fn text(&self, variable: &Variable) -> Cow<'_, str> {
        let to = variable.to.unwrap_or(self.segments.len()).min(self.segments.len());
        match self.segments.get(variable.from..to) {
            Some([one]) => Cow::Borrowed(&**one),
            Some(several) => {
                let escaped = several.iter().map(|segment| segment.replace('/', "%2F"));
                Cow::Owned(escaped.collect::<Vec<_>>().join("/"))
            }
            None => Cow::Borrowed(""),
        }
    }
}

/// A segment without its escapes. A segment whose escapes are no text stays as it is, and fits nothing literal.
fn unescaped(segment: &str) -> Cow<'_, str> {
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.unwrap_or(Cow::Borrowed(segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Part;

    /// A binding of a template whose variables are `*` and `**`.
    fn binding(verb: &'static str, template: &'static str) -> &'static Binding {
        let (path, custom_verb) = match template.rsplit_once(':') {
            Some((path, verb)) => (path, Some(verb)),
            None => (template, None),
        };
        let segments = path.trim_start_matches('/').split('/').map(|segment| match segment {
            "*" => Segment::Any,
            "**" => Segment::Rest,
            literal => Segment::Literal(literal),
        });
        let segments = segments.collect::<Vec<_>>().leak();
        let (body, response) = (Part::Nothing, Part::Whole);
        let variables = &[];
        Box::leak(Box::new(Binding {
            verb,
            template,
            segments,
            custom_verb,
            variables,
            body,
            response,
        }))
    }

    fn routes(templates: &[(&'static str, &'static str)]) -> Routes {
        let mut routes = Routes::default();
        for (number, (verb, template)) in templates.iter().enumerate() {
            routes.add(binding(verb, template), number).expect("it is free");
        }
        routes
    }

    #[test]
    fn a_path_leads_to_the_most_literal_template_that_it_fits() {
        let routes = routes(&[
            ("GET", "/users/*"),
            ("PUT", "/users/*"),
            ("POST", "/users/login"),
            ("GET", "/users/*/sessions/*"),
            ("POST", "/users/*:ban"),
            ("GET", "/users:watch"),
            ("GET", "/files/**"),
            ("GET", "/files/*/name"),
            ("POST", "/files/**:scan"),
        ]);
        for (path, expected) in [
            ("/users/7", &["GET /users/*", "PUT /users/*"][..]),
            ("/users/login", &["POST /users/login"]),
            ("/users/7/sessions/a", &["GET /users/*/sessions/*"]),
            ("/users/7:ban", &["POST /users/*:ban"]),
            ("/users/7%3Aban", &["POST /users/*:ban"]),
            ("/users/7:other", &["GET /users/*", "PUT /users/*"]),
            ("/users:watch", &["GET /users:watch"]),
            ("/files", &["GET /files/**"]),
            ("/files/a/b/c", &["GET /files/**"]),
            ("/files/a/name", &["GET /files/*/name"]),
            ("/files/a/b:scan", &["POST /files/**:scan"]),
            ("/u%73ers/7", &["GET /users/*", "PUT /users/*"]),
            ("/users/", &[]),
            ("/users/7/", &[]),
            ("//users/7", &[]),
            ("/users%2F7", &[]),
            ("/users/../files/a/name", &[]),
            ("users/7", &[]),
            ("/", &[]),
            ("", &[]),
        ] {
            let found = routes.find(path);
            let found = found.iter().flat_map(|found| found.bindings);
            let found: Vec<_> =
                found.map(|(it, _)| format!("{} {}", it.verb, it.template)).collect();
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn a_variable_has_the_text_of_its_segments() {
        let routes = routes(&[("GET", "/files/*/parts/**")]);
        let found = routes.find("/files/a%2Fb/parts/c/d%20e").expect("a path");
        let text = |from, to| found.text(&Variable { field: &[], from, to }).into_owned();

        assert_eq!(text(1, Some(2)), "a/b");
        assert_eq!(text(1, Some(3)), "a%2Fb/parts");
        assert_eq!(text(3, None), "c/d e");
        assert_eq!(text(4, None), "d e");
    }

    #[test]
    fn two_bindings_of_one_path_and_method_are_refused() {
        let mut routes =
            routes(&[("GET", "/users/*"), ("GET", "/files/**"), ("GET", "/users:ban")]);
        for free in [("PUT", "/users/*"), ("GET", "/users/*:ban"), ("GET", "/users/login")] {
            assert_eq!(routes.add(binding(free.0, free.1), 9), Ok(()), "{free:?}");
        }
        for taken in [("GET", "/users/*"), ("GET", "/files/**"), ("GET", "/users:ban")] {
            let (verb, template) = taken;
            assert_eq!(routes.add(binding(verb, template), 9), Err(Taken { verb, template }));
        }
    }
}
