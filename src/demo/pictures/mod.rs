//! The pictures of the stories, drawn by this program: nobody's photograph is borrowed, and none pretends to be one.
//!
//! Every scene is a pure function of its arguments, so a picture is the same wherever it is drawn. Their file names say
//! 程序绘制示意图, "drawn by program".

mod canvas;
mod scenes;

pub(super) use scenes::{Fruit, cold_store, crate_of, greenhouse, laboratory, packed, terraces, truck};

/// What one picture may weigh.
#[cfg(test)]
const BYTES_MAX: usize = 40 * 1024;

/// Scenes that show different things, for tests that compare pictures.
#[cfg(test)]
pub(crate) fn drawings() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("terraces-yangmei", terraces(Fruit::Bayberry)),
        ("terraces-apple", terraces(Fruit::Apple)),
        ("terraces-sanqi", terraces(Fruit::Root)),
        ("crate-yangmei", crate_of(Fruit::Bayberry)),
        ("crate-apple", crate_of(Fruit::Apple)),
        ("packed-cucumber", packed(Fruit::Cucumber)),
        ("packed-sanqi", packed(Fruit::Root)),
        ("packed-yangmei", packed(Fruit::Bayberry)),
        ("crate-cucumber", crate_of(Fruit::Cucumber)),
        ("crate-sanqi", crate_of(Fruit::Root)),
        ("packed-apple", packed(Fruit::Apple)),
        ("greenhouse", greenhouse()),
        ("truck", truck()),
        ("laboratory", laboratory()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_small_and_the_same_every_time() {
        for (name, jpeg) in drawings() {
            // To look at them: SUYUAN_DEMO_PICTURES=/tmp/pictures cargo test pictures_are_small
            if let Some(folder) = std::env::var_os("SUYUAN_DEMO_PICTURES") {
                std::fs::write(std::path::Path::new(&folder).join(format!("{name}.jpg")), &jpeg).unwrap();
            }
            assert!(jpeg.len() <= BYTES_MAX, "{name} has {} bytes", jpeg.len());
            assert!(image::load_from_memory(&jpeg).is_ok(), "{name}");
        }
        assert_eq!(truck(), truck());
        let chart = cold_store(&[1.0, 2.5, 6.0, 2.0], 5.0);
        assert!(chart.len() <= BYTES_MAX);
    }
}
