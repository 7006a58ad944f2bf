//! Path templates of `google.api.http`.

/// A template, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) custom_verb: Option<String>,
}

/// One segment, without the names of variables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Any,
    Rest,
}

/// A field that the path holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// `game.id`.
    pub(crate) field: String,
    pub(crate) from: usize,
    /// `None` if it goes on to the end of the path.
    pub(crate) to: Option<usize>,
}

impl Template {
    /// Takes a template apart. Answers with what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix('/').ok_or("a template begins with a slash")?;
        let (path, custom_verb) = match path.rsplit_once(':') {
            // A colon within a variable is none of a verb.
            Some((path, verb)) if !verb.contains(['/', '}']) => (path, Some(verb.to_owned())),
            _ => (path, None),
        };
        if custom_verb.as_deref() == Some("") {
            return Err("a verb has a name".to_owned());
        }
        let mut template = Self { custom_verb, ..Self::default() };
        let mut rest = path;
        loop {
            rest = if let Some(variable) = rest.strip_prefix('{') {
                let (variable, rest) = variable.split_once('}').ok_or("`{` is never closed")?;
                template.variable(variable)?;
                rest
            } else {
                let end = rest.find('/').unwrap_or(rest.len());
                template.segment(&rest[..end])?;
                &rest[end..]
            };
            match rest.strip_prefix('/') {
                Some(more) => rest = more,
                None if rest.is_empty() => break,
                None => return Err(format!("`{rest}` follows a variable")),
            }
        }
        let before_last = template.segments.iter().rev().skip(1);
        if before_last.clone().any(|segment| *segment == Segment::Rest) {
            return Err("`**` is the last segment".to_owned());
        }
        Ok(template)
    }

    fn variable(&mut self, text: &str) -> Result<(), String> {
        let (field, pattern) = text.split_once('=').unwrap_or((text, "*"));
        if field.is_empty() {
            return Err("a variable has a field".to_owned());
        }
        if self.variables.iter().any(|known| known.field == field) {
            return Err(format!("`{field}` is there twice"));
        }
        let from = self.segments.len();
        for segment in pattern.split('/') {
            self.segment(segment)?;
        }
        let ends = matches!(self.segments.last(), Some(Segment::Rest));
        let to = if ends { None } else { Some(self.segments.len()) };
        self.variables.push(Variable { field: field.to_owned(), from, to });
        Ok(())
    }

    fn segment(&mut self, text: &str) -> Result<(), String> {
        let segment = match text {
            "*" => Segment::Any,
            "**" => Segment::Rest,
            "" => return Err("a segment is empty".to_owned()),
            literal if literal.contains(['{', '}', '*', '=']) => {
                return Err(format!("`{literal}` is no segment"));
            }
            literal => Segment::Literal(literal.to_owned()),
        };
        self.segments.push(segment);
        Ok(())
    }

    /// What a request must look like: two templates with the same are one to a server.
    pub(crate) fn looks(&self) -> String {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(literal) => format!("/{literal}"),
            Segment::Any => "/*".to_owned(),
            Segment::Rest => "/**".to_owned(),
        });
        let verb = self.custom_verb.iter().map(|verb| format!(":{verb}"));
        segments.chain(verb).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_segments_variables_and_a_verb() {
        let template = Template::parse("/v1/{book.name=shelves/*/books/**}:scan").expect("good");
        assert_eq!(template.looks(), "/v1/shelves/*/books/**:scan");
        let book = Variable { field: "book.name".to_owned(), from: 1, to: None };
        assert_eq!(template.variables, [book]);

        let template = Template::parse("/users/{user_id}/sessions/{id}").expect("good");
        assert_eq!(template.looks(), "/users/*/sessions/*");
        let spans: Vec<_> = template.variables.iter().map(|it| (it.from, it.to)).collect();
        assert_eq!(spans, [(1, Some(2)), (3, Some(4))]);
        assert_eq!(template.custom_verb, None);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in [
            "",
            "users",
            "/",
            "/users/",
            "/users//a",
            "/{id",
            "/{id}x",
            "/x{id}",
            "/{}",
            "/{=*}",
            "/**/a",
            "/{id}/{id}",
            "/users:",
            "/a*",
            "/{id=a/**/b}",
        ] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
