//! Where the kernels of eight lanes are compiled: `cfg(lanes)`.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(lanes)");
    println!("cargo::rerun-if-changed=build.rs");
    let x86 = std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    if x86 && std::env::var_os("CARGO_FEATURE_PORTABLE").is_none() {
        println!("cargo::rustc-cfg=lanes");
    }
}
