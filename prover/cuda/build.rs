//! Compiles `cuda/device.cu` where the feature asks for it.

fn main() {
    println!("cargo::rerun-if-changed=cuda");
    println!("cargo::rerun-if-env-changed=NVCC");
    #[cfg(feature = "cuda")]
    cuda::compile();
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::env;
    use std::path::Path;

    // Code for sm_90; any other device from Ampere on has its driver compile the rest.
    const TARGETS: [&str; 2] = ["arch=compute_90,code=sm_90", "arch=compute_80,code=compute_80"];

    pub fn compile() {
        let mut nvcc = cc::Build::new();
        nvcc.cuda(true)
            .file("cuda/device.cu")
            .define("FEATURE_BN254", None)
            .define("__BLST_PORTABLE__", None)
            // Of the library's headers there are many, and none is ours to mend.
            .warnings(false)
            // Of the host's part; `debug` would turn off optimisation on the device.
            .opt_level(2)
            .debug(false);
        for folder in ["DEP_SPPARK_ROOT", "DEP_BLST_C_SRC"] {
            nvcc.include(env::var_os(folder).unwrap_or_else(|| panic!("{folder} is not set")));
        }
        for target in TARGETS {
            nvcc.flag("-gencode").flag(target);
        }
        nvcc.compile("medproof_cuda");
        link_runtime();
    }

    // cc finds CUDA's own folders; where Python's packages put the runtime it does not look.
    fn link_runtime() {
        let nvcc = env::var_os("NVCC");
        let root = nvcc.as_deref().and_then(|nvcc| Path::new(nvcc).parent()?.parent());
        let folders = ["lib", "lib64"].into_iter().flat_map(|lib| Some(root?.join(lib)));
        for folder in folders.filter(|folder| folder.is_dir()) {
            println!("cargo::rustc-link-search=native={}", folder.display());
        }
    }
}
