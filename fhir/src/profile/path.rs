//! The part of FHIRPath (N1, 2.0.0) that constraints of guides are written in.
//!
//! In: the text of a constraint; nothing comes of what is not understood, and the profile's load counts it. Out: a
//! tree, evaluated over JSON. No dates are calculated, no terminology asked, nothing looked up outside the input.

mod eval;
mod pattern;
mod token;

pub(super) use eval::{Scope, Thing};

use pattern::Pattern;
use token::Token;

/// Parentheses and arguments inside one another.
const DEEPEST: usize = 32;

/// An expression.
#[derive(Debug)]
pub(super) enum Expression {
    /// `$this`, or where a path begins.
    This,
    /// `%resource`.
    Resource,
    Text(Box<str>),
    Number(f64),
    Bool(bool),
    /// `{}`.
    Empty,
    /// A member of what is before it, or the type a path begins with.
    Member(Box<Expression>, Box<str>),
    Item(Box<Expression>, usize),
    Call(Box<Expression>, Call),
    /// `is`, with the type's name.
    Is(Box<Expression>, Box<str>),
    As(Box<Expression>, Box<str>),
    Binary(Box<Expression>, Operator, Box<Expression>),
}

/// A function and its arguments.
#[derive(Debug)]
pub(super) enum Call {
    Exists(Option<Box<Expression>>),
    Empty,
    Not,
    Where(Box<Expression>),
    All(Box<Expression>),
    Select(Box<Expression>),
    Count,
    First,
    HasValue,
    IsDistinct,
    AllTrue,
    Length,
    ToText,
    Resolve,
    Contains(Box<Expression>),
    StartsWith(Box<Expression>),
    EndsWith(Box<Expression>),
    Intersect(Box<Expression>),
    Matches(Pattern),
    /// `extension('url')`.
    Extension(Box<str>),
    OfType(Box<str>),
}

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Implies,
    Or,
    Xor,
    And,
    In,
    Contains,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Union,
    Add,
    Concatenate,
}

impl Expression {
    /// Reads a constraint; nothing where any of it is not understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > 4000 {
            return None;
        }
        let mut parser = Parser { tokens: token::read(text)?, at: 0, depth: 0 };
        let expression = parser.binary(0)?;
        (parser.at == parser.tokens.len()).then_some(expression)
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    /// Operators of this strength and stronger.
    fn binary(&mut self, strength: u8) -> Option<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST * 10 {
            return None;
        }
        if strength == 8 {
            let term = self.postfix();
            self.depth -= 1;
            return term;
        }
        let mut left = self.binary(strength + 1)?;
        loop {
            if strength == 6 && matches!(self.peek(), Some(Token::Name(name)) if matches!(&**name, "is" | "as")) {
                let is = matches!(self.next(), Some(Token::Name(name)) if &*name == "is");
                let name = self.type_name()?;
                left = if is { Expression::Is(left.into(), name) } else { Expression::As(left.into(), name) };
                continue;
            }
            let Some(operator) =
                self.peek().and_then(token::Token::operator).filter(|found| found.strength() == strength)
            else {
                break;
            };
            self.at += 1;
            let right = self.binary(strength + 1)?;
            left = Expression::Binary(left.into(), operator, right.into());
        }
        self.depth -= 1;
        Some(left)
    }

    fn postfix(&mut self) -> Option<Expression> {
        let mut term = self.term()?;
        loop {
            if self.sign(".") {
                term = self.invocation(term)?;
            } else if self.sign("[") {
                let Some(Token::Number(number)) = self.next() else { return None };
                let index = number.parse().ok()?;
                term = self.sign("]").then_some(Expression::Item(term.into(), index))?;
            } else {
                return Some(term);
            }
        }
    }

    fn term(&mut self) -> Option<Expression> {
        match self.peek()? {
            Token::Sign("(") => {
                self.at += 1;
                let inside = self.binary(0)?;
                self.sign(")").then_some(inside)
            }
            Token::Sign("{") => {
                self.at += 1;
                self.sign("}").then_some(Expression::Empty)
            }
            Token::Text(_) | Token::Number(_) => match self.next()? {
                Token::Text(text) => Some(Expression::Text(text)),
                Token::Number(number) => Some(Expression::Number(number.parse().ok()?)),
                _ => None,
            },
            Token::Variable(name) => {
                let found = match &**name {
                    "$this" => Expression::This,
                    "%resource" | "%rootResource" => Expression::Resource,
                    _ => return None,
                };
                self.at += 1;
                Some(found)
            }
            Token::Name(name) if &**name == "true" || &**name == "false" => {
                let truth = &**name == "true";
                self.at += 1;
                Some(Expression::Bool(truth))
            }
            Token::Name(_) => self.invocation(Expression::This),
            Token::Sign(_) => None,
        }
    }

    /// A member or a function of what is before.
    fn invocation(&mut self, before: Expression) -> Option<Expression> {
        let Some(Token::Name(name)) = self.next() else { return None };
        if !self.sign("(") {
            return Some(Expression::Member(before.into(), name));
        }
        let before = Box::new(before);
        if matches!(&*name, "ofType" | "is" | "as") {
            let of = self.type_name()?;
            let expression = match &*name {
                "is" => Expression::Is(before, of),
                "as" => Expression::As(before, of),
                _ => Expression::Call(before, Call::OfType(of)),
            };
            return self.sign(")").then_some(expression);
        }
        let argument =
            if matches!(self.peek(), Some(Token::Sign(")"))) { None } else { Some(Box::new(self.binary(0)?)) };
        if !self.sign(")") {
            return None;
        }
        let call = match (&*name, argument) {
            ("exists", criterion) => Call::Exists(criterion),
            ("empty", None) => Call::Empty,
            ("not", None) => Call::Not,
            ("count", None) => Call::Count,
            ("first", None) => Call::First,
            ("hasValue", None) => Call::HasValue,
            ("isDistinct", None) => Call::IsDistinct,
            ("allTrue", None) => Call::AllTrue,
            ("length", None) => Call::Length,
            ("toString", None) => Call::ToText,
            ("resolve", None) => Call::Resolve,
            ("where", Some(criterion)) => Call::Where(criterion),
            ("all", Some(criterion)) => Call::All(criterion),
            ("select", Some(projection)) => Call::Select(projection),
            ("contains", Some(text)) => Call::Contains(text),
            ("startsWith", Some(text)) => Call::StartsWith(text),
            ("endsWith", Some(text)) => Call::EndsWith(text),
            ("intersect", Some(other)) => Call::Intersect(other),
            ("matches", Some(pattern)) => match *pattern {
                Expression::Text(pattern) => Call::Matches(Pattern::parse(&pattern)?),
                _ => return None,
            },
            ("extension", Some(url)) => match *url {
                Expression::Text(url) => Call::Extension(url),
                _ => return None,
            },
            _ => return None,
        };
        Some(Expression::Call(before, call))
    }

    fn type_name(&mut self) -> Option<Box<str>> {
        let Some(Token::Name(mut name)) = self.next() else { return None };
        if matches!(&*name, "FHIR" | "System") && self.sign(".") {
            let Some(Token::Name(inside)) = self.next() else { return None };
            name = inside;
        }
        Some(name)
    }
}

#[cfg(test)]
mod tests;
