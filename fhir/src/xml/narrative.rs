//! The `div` of a narrative: XHTML that JSON holds as a text and XML as elements, passed through unchanged.
//!
//! In: tokens after the start of a `div`. Out: the piece of text it is, once it is known to be one well-formed
//! element in the namespace of XHTML. Does not judge what a narrative may say (FHIR R4 §2.4.1).

use super::stop::{Stop, Why};
use super::text;
use super::tokens::{Space, Tag, Token, Tokens, XHTML};

/// Reads to the end of the `div` whose start tag this is; also says how many elements it has.
pub(super) fn read<'a>(tokens: &mut Tokens<'a>, div: &Tag<'a>, depth: usize) -> Result<(&'a str, usize), Stop> {
    let scope = tokens.scope();
    // Declared on itself, so that the text means the same wherever it stands.
    let own = div.attributes.contains(&("xmlns", XHTML));
    if tokens.enter(div)? != Some(Space::Xhtml) || div.name != "div" || !own {
        return Err(Stop::new(Why::Namespace, div.at));
    }
    tokens.leave(scope);
    attributes(div)?;
    let (mut open, mut count) = (usize::from(!div.empty), 1);
    while open > 0 {
        match tokens.next()? {
            Token::Open(tag) => {
                attributes(&tag)?;
                count += 1;
                open += usize::from(!tag.empty);
                if open > depth {
                    return Err(Stop::new(Why::TooDeep, tag.at));
                }
            }
            Token::Close => open -= 1,
            Token::Text(text) if text.contains("]]>") => return Err(tokens.stop(Why::Syntax)),
            Token::Text(_) | Token::Reference => {}
            Token::End => return Err(tokens.stop(Why::EndsEarly)),
        }
    }
    Ok((tokens.since(div.at), count))
}

/// Whether a text is one such `div` and nothing else.
pub(super) fn is_div(text: &str, depth: usize) -> bool {
    let mut tokens = Tokens::new(text);
    let Ok(Token::Open(div)) = tokens.next() else { return false };
    div.at == 0
        && text::foreign_char(text).is_none()
        && read(&mut tokens, &div, depth).is_ok_and(|(whole, _)| whole.len() == text.len())
}

/// Names without prefix, but for `xml:lang` and `xml:space`; no namespace but XHTML's.
fn attributes(tag: &Tag<'_>) -> Result<(), Stop> {
    let stop = |why| Err(Stop::new(why, tag.at));
    if tag.name.contains(':') {
        return stop(Why::Namespace);
    }
    for (name, raw) in &tag.attributes {
        let foreign = name.contains(':') && !matches!(*name, "xml:lang" | "xml:space");
        if foreign || (*name == "xmlns" && *raw != XHTML) {
            return stop(Why::Namespace);
        }
        if let Err(why) = text::value(raw) {
            return stop(why);
        }
    }
    Ok(())
}
