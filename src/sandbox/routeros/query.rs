//! `print` queries: a small stack machine over booleans.
//!
//! Source: MikroTik documentation, "API", queries. The stack begins as an endless row of `true`; an item passes when no
//! `false` is left at the end.

use std::{borrow::Cow, cmp::Ordering};

/// Reads a property of the item in question; `None` when it has no such property.
pub type Getter<'a> = &'a dyn Fn(&str) -> Option<Cow<'a, str>>;

/// One query word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// `?name`: has the property.
    Has(String),
    /// `?-name`: lacks it.
    Lacks(String),
    /// `?name=x`, `?=name=x`, `?<name=x`, `?>name=x`.
    Compare(String, Ordering, String),
    /// `?#…`: operators, left to right.
    Operators(String),
}

impl Query {
    /// Reads a query word, its `?` included; `None` when it is none.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix('?')?;
        let compare = |text: &str, order| {
            text.split_once('=').map(|(name, value)| Self::Compare(name.to_owned(), order, value.to_owned()))
        };
        match word.chars().next()? {
            '#' => Some(Self::Operators(word.chars().skip(1).collect())),
            '-' => Some(Self::Lacks(word.chars().skip(1).collect())),
            '<' => compare(word.trim_start_matches('<'), Ordering::Less),
            '>' => compare(word.trim_start_matches('>'), Ordering::Greater),
            '=' => compare(word.strip_prefix('=')?, Ordering::Equal),
            _ => compare(word, Ordering::Equal).or_else(|| Some(Self::Has(word.to_owned()))),
        }
    }

    /// The name asked for, when the whole query is one `?name=x` on property `name`: such a look-up takes the index.
    pub fn by_name(queries: &[Self]) -> Option<&str> {
        match queries {
            [Self::Compare(property, Ordering::Equal, value)] if property == "name" => Some(value),
            _ => None,
        }
    }
}

/// Whether the item passes all query words.
pub fn passes(queries: &[Query], item: Getter<'_>) -> bool {
    let mut stack = Stack::default();
    for query in queries {
        match query {
            Query::Has(name) => stack.push(item(name).is_some()),
            Query::Lacks(name) => stack.push(item(name).is_none()),
            Query::Compare(name, order, value) => {
                stack.push(item(name).is_some_and(|have| compare(&have, value) == *order));
            }
            Query::Operators(operators) => stack.run(operators),
        }
    }
    !stack.0.contains(&false)
}

/// Numbers by size, everything else by its bytes.
fn compare(have: &str, want: &str) -> Ordering {
    match (have.parse::<i64>(), want.parse::<i64>()) {
        (Ok(have), Ok(want)) => have.cmp(&want),
        _ => have.cmp(want),
    }
}

#[derive(Default)]
struct Stack(Vec<bool>);

impl Stack {
    fn push(&mut self, value: bool) {
        self.0.push(value);
    }

    fn pop(&mut self) -> bool {
        self.0.pop().unwrap_or(true)
    }

    /// 0 is the top.
    fn at(&self, index: usize) -> bool {
        self.0.iter().rev().nth(index).copied().unwrap_or(true)
    }

    fn run(&mut self, operators: &str) {
        let mut rest = operators.chars().peekable();
        while let Some(operator) = rest.next() {
            match operator {
                '!' => {
                    let top = self.pop();
                    self.push(!top);
                }
                '&' => {
                    let (a, b) = (self.pop(), self.pop());
                    self.push(a && b);
                }
                '|' => {
                    let (a, b) = (self.pop(), self.pop());
                    self.push(a || b);
                }
                '.' => self.push(self.at(0)),
                digit => {
                    let mut digits = String::from(digit);
                    while let Some(more) = rest.next_if(char::is_ascii_digit) {
                        digits.push(more);
                    }
                    let Ok(index) = digits.parse::<usize>() else { continue };
                    let value = self.at(index);
                    // An index that ends the word replaces the whole stack; `.` after an index does nothing.
                    if rest.peek().is_none() {
                        self.0 = vec![value];
                    } else {
                        self.push(value);
                        rest.next_if_eq(&'.');
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> String {
        let queries: Vec<Query> = words.iter().map(|word| Query::parse(word).unwrap()).collect();
        ["a", "b", "c", "d"]
            .into_iter()
            .filter(|name| {
                passes(&queries, &|property| match property {
                    "name" => Some(Cow::Borrowed(*name)),
                    "size" => Some(Cow::Borrowed(if *name == "a" { "9" } else { "10" })),
                    "comment" if *name == "c" => Some(Cow::Borrowed("x")),
                    _ => None,
                })
            })
            .collect()
    }

    #[test]
    fn the_documented_queries_select_what_they_should() {
        assert_eq!(names(&[]), "abcd");
        assert_eq!(names(&["?name=a"]), "a");
        assert_eq!(names(&["?=name=a"]), "a");
        assert_eq!(names(&["?name=a", "?name=b", "?#|"]), "ab");
        assert_eq!(names(&["?name=a", "?#!"]), "bcd");
        assert_eq!(names(&["?name=a", "?name=b", "?#|!"]), "cd");
        assert_eq!(names(&["?name=a", "?name=b", "?name=c", "?#||"]), "abc");
        assert_eq!(names(&["?name=a", "?name=b"]), "");
        assert_eq!(names(&["?comment"]), "c");
        assert_eq!(names(&["?-comment"]), "abd");
        assert_eq!(names(&["?>name=b"]), "cd");
        assert_eq!(names(&["?<size=10"]), "a");
        assert_eq!(names(&["?name=a", "?name=b", "?#1"]), "a");
        assert_eq!(names(&["?name=a", "?#.|"]), "a");
    }
}
