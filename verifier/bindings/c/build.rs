//! Gives the shared library the name that programs look for when they start.

/// Minor versions of 0 may break: they are a part of the name.
const ABI: &str = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match os.as_str() {
        "linux" | "freebsd" | "android" => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libmedproof.so.{ABI}"),
        "macos" => println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libmedproof.{ABI}.dylib"),
        _ => {}
    }
}
