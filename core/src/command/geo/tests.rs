use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::bench::{Bench, check};
use crate::resp::Proto;

// Replies were recorded from Redis 7.0.15.

/// Two towns, and two corners of the map.
fn sicily() -> Bench {
    let mut bench = Bench::new();
    bench.run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
    bench.run("GEOADD g -180 -85.05112878 edge 180 85.05112878 corner");
    bench
}

#[test]
fn places_become_scores_and_replicas_are_told_the_scores() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            (
                "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
                ":2 ",
                &["zadd g 3479099956230698 Palermo 3479447370796909 Catania"],
            ),
            ("GEOADD g 13.361389 38.115556 Palermo", ":0 ", &[]),
            (
                "GEOADD g CH 13.4 38.1 Palermo 15.087269 37.502669 Catania",
                ":1 ",
                &["zadd g CH 3479099937378871 Palermo 3479447370796909 Catania"],
            ),
            (
                "GEOADD g XX CH 13.361389 38.115556 Palermo 1 1 new",
                ":1 ",
                &["zadd g XX CH 3479099956230698 Palermo 3377822707026402 new"],
            ),
            ("GEOADD g nx 0 0 Palermo -180 -85.05112878 edge", ":1 ", &["zadd g nx 3377699720527872 Palermo 0 edge"]),
            ("GEOADD g 180 85.05112878 corner", ":1 ", &["zadd g 13510798882111488 corner"]),
            ("GEOADD g NX XX 1 1 a", "-ERR syntax error ", &[]),
            ("GEOADD g GT 1 1 a", "-ERR syntax error ", &[]),
            ("GEOADD g 1 1 a 2", "-ERR syntax error ", &[]),
            ("GEOADD g NX CH NX NX", "-ERR syntax error ", &[]),
            ("GEOADD g x 1 a", "-ERR value is not a valid float ", &[]),
            ("GEOADD g 180.5 1 a", "-ERR invalid longitude,latitude pair 180.500000,1.000000 ", &[]),
            ("GEOADD g 1 -85.06 a", "-ERR invalid longitude,latitude pair 1.000000,-85.060000 ", &[]),
            (
                "GEOADD g 1 1e300 a",
                "-ERR invalid longitude,latitude pair 1.000000,1000000000000000052504760255204420248704468581108159154915854115511802457988908195786371375080447864043704443832883878176942523235360430575644792184786706982848387200926575803737830233794788090059368953234970799945081119038967640880074652742780142494579258788820056842838115669472196386865459400540160.000000 ",
                &[],
            ),
        ],
    );
}

#[test]
fn places_and_geohashes_are_told() {
    let mut bench = sicily();
    check(
        &mut bench,
        &[
            (
                "GEOPOS g Palermo nope edge corner",
                "*4 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1 *2 $22 -179.99999731779098511 $21 -85.05112751263942528 *2 $3 180 $19 85.0511287799999991 ",
                &[],
            ),
            ("GEOPOS g", "*0 ", &[]),
            ("GEOPOS no a", "*1 *-1 ", &[]),
            (
                "GEOHASH g Palermo Catania nope edge corner",
                "*5 $11 sqc8b49rny0 $11 sqdtr74hyu0 $-1 $11 00bh0hbj200 $11 bp05b5048p0 ",
                &[],
            ),
            ("GEOHASH no a", "*1 $-1 ", &[]),
        ],
    );
}

#[test]
fn distances_are_told_in_four_units() {
    let mut bench = sicily();
    check(
        &mut bench,
        &[
            ("GEODIST g Palermo Catania", "$11 166274.1516 ", &[]),
            ("GEODIST g Palermo Catania km", "$8 166.2742 ", &[]),
            ("GEODIST g Palermo Catania FT", "$11 545518.8700 ", &[]),
            ("GEODIST g Palermo Catania mi", "$8 103.3182 ", &[]),
            ("GEODIST g Palermo Palermo", "$6 0.0000 ", &[]),
            ("GEODIST g Palermo nope", "$-1 ", &[]),
            ("GEODIST no a b", "$-1 ", &[]),
            ("GEODIST no a b x", "-ERR unsupported unit provided. please use M, KM, FT, MI ", &[]),
            ("GEODIST g Palermo Catania m m", "-ERR syntax error ", &[]),
            ("ZSCORE g Palermo", "$16 3479099956230698 ", &[]),
        ],
    );
}

#[test]
fn old_searches_are_those_of_redis() {
    let mut bench = sicily();
    check(
        &mut bench,
        &[
            ("ZSCORE g corner", "$17 13510798882111488 ", &[]),
            ("GEORADIUS g 15 37 200 km", "*2 $7 Palermo $7 Catania ", &[]),
            ("GEORADIUS g 15 37 200 km DESC WITHDIST", "*2 *2 $7 Palermo $8 190.4424 *2 $7 Catania $7 56.4413 ", &[]),
            (
                "GEORADIUS g 15 37 200 km COUNT 1 WITHDIST WITHHASH WITHCOORD",
                "*1 *4 $7 Catania $7 56.4413 :3479447370796909 *2 $20 15.08726745843887329 $20 37.50266842333162032 ",
                &[],
            ),
            ("GEORADIUS_RO g 15 37 200 km ASC", "*2 $7 Catania $7 Palermo ", &[]),
            ("GEORADIUS_RO g 15 37 200 km STORE d", "-ERR syntax error ", &[]),
            ("GEORADIUSBYMEMBER g Palermo 200 km ASC", "*2 $7 Palermo $7 Catania ", &[]),
            ("GEORADIUSBYMEMBER_RO g Palermo 100 mi DESC", "*1 $7 Palermo ", &[]),
            ("GEORADIUSBYMEMBER g nope 200 km", "-ERR could not decode requested zset member ", &[]),
            ("GEORADIUSBYMEMBER no nope -1 x", "*0 ", &[]),
            ("GEORADIUS g 15 37 -1 km", "-ERR radius cannot be negative ", &[]),
            ("GEORADIUS g 15 37 x km", "-ERR need numeric radius ", &[]),
            ("GEORADIUS g 15 37 1 x", "-ERR unsupported unit provided. please use M, KM, FT, MI ", &[]),
            ("GEORADIUS g 15 37 1 km COUNT 0", "-ERR COUNT must be > 0 ", &[]),
            ("GEORADIUS g 15 37 1 km COUNT x", "-ERR value is not an integer or out of range ", &[]),
            ("GEORADIUS g 15 37 1 km ANY", "-ERR the ANY argument requires COUNT argument ", &[]),
            ("GEORADIUS g 15 37 1 km COUNT", "-ERR syntax error ", &[]),
            (
                "GEORADIUS g 15 37 1 km STORE d WITHDIST",
                "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options ",
                &[],
            ),
            ("GEORADIUS g 15 37 200 km STORE d", ":2 ", &["GEORADIUS g 15 37 200 km STORE d"]),
            (
                "GEORADIUS g 15 37 200 km STORE d STOREDIST e COUNT 1",
                ":1 ",
                &["GEORADIUS g 15 37 200 km STORE d STOREDIST e COUNT 1"],
            ),
            ("GEORADIUS g 0 0 1 m STORE d", ":0 ", &["GEORADIUS g 0 0 1 m STORE d"]),
            ("GEORADIUS g 0 0 1 m STORE d", ":0 ", &[]),
        ],
    );
}

#[test]
fn searches_are_those_of_redis() {
    let mut bench = sicily();
    check(
        &mut bench,
        &[
            ("GEORADIUS no 0 0 1 m STORE e", ":0 ", &[]),
            ("GEORADIUS no 0 0 1 m", "*0 ", &[]),
            (
                "GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST",
                "*2 *2 $7 Catania $7 56.4413 *2 $7 Palermo $8 190.4424 ",
                &[],
            ),
            ("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 km ASC COUNT 2 ANY", "*2 $7 Palermo $7 Catania ", &[]),
            ("GEOSEARCH g FROMMEMBER nope BYRADIUS 200 km", "-ERR could not decode requested zset member ", &[]),
            ("GEOSEARCH no FROMMEMBER nope BYRADIUS 200 km", "*0 ", &[]),
            ("GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m", "-ERR syntax error ", &[]),
            ("GEOSEARCH g FROMLONLAT 1 1 BYBOX 1 1 m BYRADIUS 1 m", "-ERR syntax error ", &[]),
            (
                "GeoSearch g ASC ASC ASC ASC ASC",
                "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GeoSearch ",
                &[],
            ),
            (
                "geosearch g FROMLONLAT 1 1 ASC ASC",
                "-ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch ",
                &[],
            ),
            ("GEOSEARCH g FROMLONLAT 1 1 BYBOX 1 -1 m", "-ERR height or width cannot be negative ", &[]),
            ("GEOSEARCH g FROMLONLAT 1 1 BYBOX x -1 m", "-ERR need numeric width ", &[]),
            ("GEOSEARCH g FROMLONLAT 1 1 BYBOX 1 x m", "-ERR need numeric height ", &[]),
            ("GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST", "-ERR syntax error ", &[]),
            ("GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 1 m COUNT 1 STORE d", "-ERR syntax error ", &[]),
            (
                "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km",
                ":2 ",
                &["GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km"],
            ),
            (
                "GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHCOORD",
                "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options ",
                &[],
            ),
            (
                "GEOSEARCHSTORE e g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 1",
                ":1 ",
                &["GEOSEARCHSTORE e g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 1"],
            ),
            ("ZRANGE d 0 -1 WITHSCORES", "*4 $7 Palermo $16 3479099956230698 $7 Catania $16 3479447370796909 ", &[]),
            (
                "GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m",
                ":0 ",
                &["GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m"],
            ),
            (
                "GEOSEARCHSTORE e no FROMLONLAT 0 0 BYRADIUS 1 m",
                ":0 ",
                &["GEOSEARCHSTORE e no FROMLONLAT 0 0 BYRADIUS 1 m"],
            ),
            ("GEOSEARCHSTORE e no FROMLONLAT 0 0 BYRADIUS 1 m", ":0 ", &[]),
        ],
    );
}

#[test]
fn scores_that_no_place_has_are_read_as_redis_reads_them() {
    let mut bench = Bench::new();
    bench.run("ZADD odd -1 a 1.5 b 9.3e18 c inf d -inf e");
    let north = "*2 $3 180 $19 85.0511287799999991 ";
    let south = "*2 $22 -179.99999731779098511 $21 -85.05112751263942528 ";
    let reply = [
        "*5 ",
        north,
        "*2 $22 -179.99999731779098511 $21 -85.05112497791824921 ",
        north,
        south,
        "*2 $3 180 $21 -85.05112751263942528 ",
    ];
    assert_eq!(bench.run("GEOPOS odd a b c d e"), reply.concat());
    assert_eq!(bench.run("GEORADIUS odd 0 0 inf m WITHHASH"), "*1 *2 $1 b :1 ");
}

#[test]
fn coordinates_are_doubles_in_resp3_and_distances_are_not() {
    let mut bench = sicily();
    bench.proto = Proto::Resp3;
    assert_eq!(bench.run("GEOPOS g Palermo no"), "*2 *2 ,13.36138933897018433 ,38.11555639549629859 _ ");
    assert_eq!(bench.run("GEODIST g Palermo Catania km"), "$8 166.2742 ");
    assert_eq!(bench.run("GEODIST g Palermo no"), "_ ");
    assert_eq!(bench.run("GEOHASH g no"), "*1 _ ");
    assert_eq!(
        bench.run("GEOSEARCH g FROMMEMBER Palermo BYRADIUS 1 km WITHCOORD WITHDIST WITHHASH"),
        "*1 *4 $7 Palermo $6 0.0000 :3479099956230698 *2 ,13.36138933897018433 ,38.11555639549629859 "
    );
}

#[test]
fn events_are_those_of_redis() {
    let mut bench = sicily();
    let cases: &[(&str, &[&str])] = &[
        ("GEOADD h 1 1 a", &["new h", "zadd h"]),
        ("GEOADD h 1 1 a", &[]),
        ("GEORADIUS g 15 37 200 km STORE d", &["new d", "georadiusstore d"]),
        ("GEORADIUSBYMEMBER g Palermo 200 km STOREDIST d", &["georadiusstore d"]),
        ("GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 1 m", &["geosearchstore d"]),
        ("GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m", &["del d"]),
        ("GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m", &[]),
        ("GEOSEARCH no FROMLONLAT 0 0 BYRADIUS 1 m", &["keymiss no"]),
    ];
    for (line, told) in cases {
        bench.run(line);
        assert_eq!(bench.told(), *told, "{line}");
    }
}

#[test]
fn other_types_are_refused_before_arguments_are_looked_at() {
    let mut bench = Bench::new();
    bench.run("SET s x");
    for line in [
        "GEOADD s 1 1 a",
        "GEOPOS s a",
        "GEOHASH s a",
        "GEODIST s a b",
        "GEORADIUS s x x x x FOO",
        "GEORADIUSBYMEMBER s a x x FOO",
        "GEOSEARCH s a b c d e",
        "GEOSEARCHSTORE d s a b c d e",
    ] {
        assert!(bench.run(line).starts_with("-WRONGTYPE"), "{line}");
    }
    assert_eq!(bench.run("GEOADD s x 1 a"), "-ERR value is not a valid float ");
    assert_eq!(bench.run("GEODIST s a b x"), "-ERR unsupported unit provided. please use M, KM, FT, MI ");
}

#[test]
fn a_search_of_a_large_set_finds_what_a_look_at_each_member_finds() {
    let mut bench = Bench::new();
    for number in 0..600_u32 {
        let (longitude, latitude) = (f64::from(number % 30) - 15.0, f64::from(number / 30) + 60.0);
        bench.run(&format!("GEOADD g {longitude} {latitude} m:{number}"));
    }
    for radius_km in [90.0, 500.0, 3_000.0] {
        let mut near: Vec<(f64, String)> = Vec::new();
        for number in 0..600 {
            let reply = bench.run(&format!("GEODIST g m:157 m:{number} km"));
            let km: f64 = reply.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a distance");
            near.push((km, format!("m:{number}")));
        }
        near.retain(|(km, _)| *km <= radius_km);
        near.sort_by(|left, right| left.0.total_cmp(&right.0));
        let search = format!("GEOSEARCH g FROMMEMBER m:157 BYRADIUS {radius_km} km");
        assert!(bench.run(&search).starts_with(&format!("*{} ", near.len())), "{search}");
        let reply = bench.run(&format!("{search} COUNT 1"));
        assert_eq!(reply, "*1 $5 m:157 ");
        let reply = bench.run(&format!("{search} DESC COUNT 1 WITHDIST"));
        let farthest = near.last().map(|(km, _)| format!("{km:.4}")).unwrap_or_default();
        assert!(reply.ends_with(&format!(" {farthest} ")), "{reply} {farthest}");
    }
}

#[test]
fn a_polygon_is_searched_as_in_valkey() {
    let mut bench = Bench::new();
    bench.run("GEOADD g 1 1 a 0.5 1.5 b 1.5 0.5 c 175 1 d 1 1.2 e");
    let (too_few, no_number) =
        ("-ERR GEOSEARCH BYPOLYGON must have at least 3 vertices ", "-ERR invalid number of vertices ");
    // Replies were recorded from Valkey 9.1.
    for (line, reply) in [
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2", "*2 $1 e $1 b "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2 WITHDIST ASC", "*2 *2 $1 b $10 26182.8988 *2 $1 e $10 39948.8650 "),
        ("GEOSEARCH g DESC BYPOLYGON 4 0 0 0 2 2 2 2 0", "*4 $1 c $1 b $1 e $1 a "),
        ("GEOSEARCH g BYPOLYGON 4 0 0 0 2 2 2 2 0 WITHDIST COUNT 1", "*1 *2 $1 a $7 16.9996 "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2 BYPOLYGON 4 0 0 0 2 2 2 2 0", "*4 $1 a $1 e $1 c $1 b "),
        ("GEOSEARCH g BYPOLYGON 3 1 1 1 1 1 1", "*0 "),
        ("GEOSEARCH g BYPOLYGON 4 170 -10 170 10 -170 10 -170 -10", "*0 "),
        ("GEOSEARCH no BYPOLYGON 3 0 0 0 2 2 2", "*0 "),
        ("GEOSEARCH g BYPOLYGON 2 0 0 0 2 2 2", too_few),
        ("GEOSEARCH g BYPOLYGON -1 0 0 0 2 2 2", too_few),
        ("GEOSEARCH g BYPOLYGON 4 0 0 0 2 2 2", too_few),
        ("GEOSEARCH g BYPOLYGON 2147483647 0 0 0 2 2 2", too_few),
        ("GEOSEARCH g BYPOLYGON 2147483648 0 0 0 2 2 2", no_number),
        ("GEOSEARCH g BYPOLYGON 03 0 0 0 2 2 2", no_number),
        ("GEOSEARCH g ASC DESC BYPOLYGON x 1", no_number),
        ("GEOSEARCH g ASC DESC ASC BYPOLYGON x", "-ERR syntax error "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2 2 0", "-ERR syntax error "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 x 2 2", "-ERR value is not a valid float "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 95 2 2", "-ERR invalid longitude,latitude pair 0.000000,95.000000 "),
        ("GEOSEARCH g FROMLONLAT 1 1 BYPOLYGON 3 0 0 0 2 2 2", "-ERR syntax error "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2 FROMMEMBER nope", "-ERR syntax error "),
        ("GEOSEARCH g BYBOX 1 1 m BYPOLYGON 3 0 0 0 2 2 2", "-ERR syntax error "),
        ("GEOSEARCH g BYPOLYGON 3 0 0 0 2 2 2 BYRADIUS 1 m", "-ERR syntax error "),
        ("GEORADIUS g 1 1 1 km BYPOLYGON 3 0 0 0 2 2 2", "-ERR syntax error "),
    ] {
        assert_eq!(bench.run(line), reply, "{line}");
    }
    let line = "GEOSEARCHSTORE d g BYPOLYGON 3 0 0 0 2 2 2 STOREDIST";
    check(&mut bench, &[(line, ":2 ", &[line])]);
}
