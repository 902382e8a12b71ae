//! What is said to sorted sets of places?

pub(super) const TEMPLATES: &[&str] = &[
    "geoadd {geo} [nx|xx] [ch] ({lon} {lat} {field})...",
    "(geopos|geohash) {geo} {field}...",
    "geodist {geo} {field} {field} [m|km|ft|mi|x]",
    "geosearch {geo} (frommember {field}|fromlonlat {lon} {lat}) (byradius {offset} km|bybox {offset} {offset} km) (asc|desc) [count {index} [any]] [withcoord] [withdist] [withhash]",
    "geosearchstore {geo} {geo} fromlonlat {lon} {lat} byradius {offset} km [asc|desc] [storedist]",
];
