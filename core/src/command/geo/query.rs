//! Geo: what does a search ask for?
//!
//! The checks and their order are Redis's: a member to search from is looked up as soon as its option is read.

use alloc::vec::Vec;

use crate::codec::double;
use crate::codec::geohash::{Extent, Point, Shape};
use crate::codec::number::parse_i64;
use crate::command::CommandError;
use crate::command::exec::{int_arg, is_word};
use crate::command::reply_error::{
    ANY_WITHOUT_COUNT, BOX_NEGATIVE, CORNERS_NOT_A_NUMBER, CORNERS_TOO_FEW, GEOSEARCHSTORE_WITH_DETAILS,
    HEIGHT_NOT_A_FLOAT, MEMBER_NOT_DECODED, PLACES_NOT_POSITIVE, RADIUS_NEGATIVE, RADIUS_NOT_A_FLOAT,
    STORE_WITH_DETAILS, SYNTAX, WIDTH_NOT_A_FLOAT, exactly_one_of,
};
use crate::resp::Args;
use crate::value::Zset;

use super::{point_arg, unit_arg};

/// Which of the commands is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// GEORADIUS, where it may store.
    Radius,
    RadiusReadOnly,
    /// GEORADIUSBYMEMBER, where it may store.
    RadiusByMember,
    RadiusByMemberReadOnly,
    Search,
    SearchStore,
}

impl Form {
    /// GEOSEARCH and GEOSEARCHSTORE: all is said by options.
    pub(super) fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    /// Where the options begin.
    fn options_at(self) -> usize {
        match self {
            Form::Radius | Form::RadiusReadOnly => 6,
            Form::RadiusByMember | Form::RadiusByMemberReadOnly => 5,
            Form::Search => 2,
            Form::SearchStore => 3,
        }
    }
}

/// The order of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As they are found.
    Found,
    Nearest,
    Farthest,
}

/// What is told of each place beside its name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Details {
    pub(super) distance: bool,
    pub(super) hash: bool,
    pub(super) point: bool,
}

impl Details {
    pub(super) fn count(self) -> usize {
        usize::from(self.distance) + usize::from(self.hash) + usize::from(self.point)
    }
}

/// A search, understood.
#[derive(Clone, Debug)]
pub(super) struct Query<'a> {
    pub(super) shape: Shape,
    pub(super) order: Order,
    /// How many places at most.
    pub(super) count: Option<u64>,
    /// The first ones that are found will do.
    pub(super) is_any: bool,
    pub(super) details: Details,
    /// The key that keeps the result.
    pub(super) store: Option<&'a [u8]>,
    /// Distances are kept as scores.
    pub(super) stores_distances: bool,
}

/// What is known of a shape while options are read. A member of a key that is not there counts as a centre.
#[derive(Clone, Debug, Default)]
struct Parts {
    member: Option<Point>,
    place: Option<Point>,
    radius: Option<(Extent, f64)>,
    bounds: Option<(Extent, f64)>,
    corners: Option<Vec<Point>>,
}

impl Parts {
    fn shape(self, form: Form, command: &[u8]) -> Result<Shape, CommandError> {
        if let Some(corners) = self.corners {
            return Ok(Shape::polygon(corners));
        }
        let extent = self.radius.or(self.bounds);
        // Only GEORADIUSBYMEMBER of a key that is not there knows no extent, and needs none.
        let otherwise = (!form.is_search()).then_some((Extent::Radius(0.0), 1.0));
        let centre = self.member.or(self.place).ok_or_else(|| exactly_one_of("FROMMEMBER or FROMLONLAT", command))?;
        let (extent, unit_m) = extent.or(otherwise).ok_or_else(|| exactly_one_of("BYRADIUS and BYBOX", command))?;
        Ok(Shape { centre, extent, unit_m })
    }
}

fn radius_args(radius: &[u8], unit: &[u8]) -> Result<(Extent, f64), CommandError> {
    let radius = double::parse(radius).ok_or(RADIUS_NOT_A_FLOAT)?;
    if radius < 0.0 {
        return Err(RADIUS_NEGATIVE);
    }
    Ok((Extent::Radius(radius), unit_arg(unit)?))
}

fn box_args(width: &[u8], height: &[u8], unit: &[u8]) -> Result<(Extent, f64), CommandError> {
    let width = double::parse(width).ok_or(WIDTH_NOT_A_FLOAT)?;
    let height = double::parse(height).ok_or(HEIGHT_NOT_A_FLOAT)?;
    if width < 0.0 || height < 0.0 {
        return Err(BOX_NEGATIVE);
    }
    Ok((Extent::Box(width, height), unit_arg(unit)?))
}

/// The corners of a polygon, from their number on.
fn polygon_args(words: Args<'_>) -> Result<Vec<Point>, CommandError> {
    const CORNERS_MIN: usize = 3;
    let count = parse_i64(&words[0]).and_then(|count| i32::try_from(count).ok()).ok_or(CORNERS_NOT_A_NUMBER)?;
    // Too few arguments for so many corners are too few corners.
    let count = usize::try_from(count).ok().filter(|count| *count >= CORNERS_MIN && *count <= (words.len() - 1) / 2);
    let count = count.ok_or(CORNERS_TOO_FEW)?;
    (0..count).map(|corner| point_arg(&words[1 + 2 * corner], &words[2 + 2 * corner])).collect()
}

/// Where a member is.
fn member_arg(zset: Option<&Zset>, member: &[u8]) -> Result<Point, CommandError> {
    let Some(zset) = zset else { return Ok(Point::default()) };
    zset.score(member).map(Point::of_score).ok_or(MEMBER_NOT_DECODED)
}

impl<'a> Query<'a> {
    /// Reads a request. `zset` is what is searched, if it is there.
    pub(super) fn parse(zset: Option<&Zset>, args: Args<'a>, form: Form) -> Result<Query<'a>, CommandError> {
        let mut parts = Parts::default();
        match form {
            Form::Radius | Form::RadiusReadOnly => {
                parts.place = Some(point_arg(&args[2], &args[3])?);
                parts.radius = Some(radius_args(&args[4], &args[5])?);
            }
            Form::RadiusByMember | Form::RadiusByMemberReadOnly => {
                parts.member = Some(member_arg(zset, &args[2])?);
                if zset.is_some() {
                    parts.radius = Some(radius_args(&args[3], &args[4])?);
                }
            }
            Form::Search | Form::SearchStore => {}
        }
        let mut query = Query {
            shape: Shape { centre: Point::default(), extent: Extent::Radius(0.0), unit_m: 1.0 },
            order: Order::Found,
            count: None,
            is_any: false,
            details: Details::default(),
            store: (form == Form::SearchStore).then(|| args.get(1)).flatten(),
            stores_distances: false,
        };
        let mut rest = args.tail(form.options_at());
        while !rest.is_empty() {
            let taken = match query.take_option(rest, form)? {
                0 => parts.take_option(zset, rest, form)?,
                taken => taken,
            };
            if taken == 0 {
                return Err(SYNTAX);
            }
            rest = rest.tail(taken);
        }
        query.check(form)?;
        query.shape = parts.shape(form, &args[0])?;
        if query.is_any && query.count.is_none() {
            return Err(ANY_WITHOUT_COUNT);
        }
        Ok(query)
    }

    /// Takes in the option in front, if it is one of those that do not concern the shape: how many words it has, or zero.
    fn take_option(&mut self, words: Args<'a>, form: Form) -> Result<usize, CommandError> {
        let word = &words[0];
        let can_store = matches!(form, Form::Radius | Form::RadiusByMember);
        let flags = [
            ("WITHDIST", &mut self.details.distance),
            ("WITHHASH", &mut self.details.hash),
            ("WITHCOORD", &mut self.details.point),
            ("ANY", &mut self.is_any),
        ];
        if let Some((_, flag)) = flags.into_iter().find(|(name, _)| is_word(word, name)) {
            *flag = true;
        } else if is_word(word, "ASC") {
            self.order = Order::Nearest;
        } else if is_word(word, "DESC") {
            self.order = Order::Farthest;
        } else if form == Form::SearchStore && is_word(word, "STOREDIST") {
            self.stores_distances = true;
        } else if is_word(word, "COUNT") && words.len() > 1 {
            let count = u64::try_from(int_arg(&words[1])?).ok().filter(|count| *count > 0);
            self.count = Some(count.ok_or(PLACES_NOT_POSITIVE)?);
            return Ok(2);
        } else if can_store && words.len() > 1 && (is_word(word, "STORE") || is_word(word, "STOREDIST")) {
            self.store = words.get(1);
            self.stores_distances = is_word(word, "STOREDIST");
            return Ok(2);
        } else {
            return Ok(0);
        }
        Ok(1)
    }

    fn check(&self, form: Form) -> Result<(), CommandError> {
        match form {
            _ if self.store.is_none() || self.details.count() == 0 => Ok(()),
            Form::SearchStore => Err(GEOSEARCHSTORE_WITH_DETAILS),
            _ => Err(STORE_WITH_DETAILS),
        }
    }
}

impl Parts {
    /// True if neither a centre nor another extent was told: a polygon stands alone.
    fn knows_only_corners(&self) -> bool {
        self.member.is_none() && self.place.is_none() && self.radius.is_none() && self.bounds.is_none()
    }

    /// Takes in the option in front, if it is one that says what is searched: how many words it has, or zero.
    fn take_option(&mut self, zset: Option<&Zset>, words: Args<'_>, form: Form) -> Result<usize, CommandError> {
        let is = |name: &str, args: usize| form.is_search() && words.len() > args && is_word(&words[0], name);
        let knows_corners = self.corners.is_some();
        if is("FROMMEMBER", 1) && self.place.is_none() && !knows_corners {
            self.member = Some(member_arg(zset, &words[1])?);
            Ok(2)
        } else if is("FROMLONLAT", 2) && self.member.is_none() && !knows_corners {
            self.place = Some(point_arg(&words[1], &words[2])?);
            Ok(3)
        } else if is("BYRADIUS", 2) && self.bounds.is_none() && !knows_corners {
            self.radius = Some(radius_args(&words[1], &words[2])?);
            Ok(3)
        } else if is("BYBOX", 3) && self.radius.is_none() && !knows_corners {
            self.bounds = Some(box_args(&words[1], &words[2], &words[3])?);
            Ok(4)
        } else if is("BYPOLYGON", 2) && self.knows_only_corners() {
            let corners = polygon_args(words.tail(1))?;
            let taken = 2 + 2 * corners.len();
            self.corners = Some(corners);
            Ok(taken)
        } else {
            Ok(0)
        }
    }
}
