// What a prover has done on a device: scalars sent, points kept and summed, quotients transformed.
//
// Functions give 0, an error of CUDA's, or OTHER; nothing is thrown across the border. They must be
// called one at a time: a kernel's counters and the buckets of some bases are shared by all calls.
//
// Scalars are overwritten on the device. What the library leaves, in device memory of this process
// that is freed or used again: scalars' digits, sorted, and sums of buckets; and on the host sums of
// buckets, and what the driver stages copies in.

#include "bases.cuh"
#include "coset.cuh"

namespace {

constexpr int OTHER = -1;

template<typename work_t> int contained(work_t work) noexcept
{
    try {
        return work();
    } catch (const cuda_error& error) {
        return -error.code();
    } catch (...) {
        return OTHER;
    }
}

// A device that has failed keeps what it holds: the library would end the process over it.
template<typename kept_t> void forget(kept_t* kept)
{
    if (contained([] { return select_gpu(FIRST).sync(), 0; }) == 0)
        delete kept;
}

// Only begun by then, some of it on other streams than what comes after.
int done(const gpu_t& gpu)
{
    gpu.sync();
    return 0;
}

} // namespace

extern "C" {

int medproof_cuda_first()
{
    return contained([] { return select_gpu(FIRST), 0; });
}

int medproof_cuda_send(const void* scalars, size_t count, Values** values)
{
    return contained([=] {
        const gpu_t& gpu = select_gpu(FIRST);
        *values = new Values(gpu, scalars, count);
        return done(gpu);
    });
}

int medproof_cuda_bases(int components, const void* points, const uint32_t* places, size_t count, Bases** bases)
{
    return contained([=] {
        const gpu_t& gpu = select_gpu(FIRST);
        if (components == 1)
            *bases = new BasesOver<fp_t>(gpu, points, places, count);
        else
            *bases = new BasesOver<fp2_t>(gpu, points, places, count);
        return done(gpu);
    });
}

int medproof_cuda_sum(Bases* bases, const Values* values, void* point)
{
    return contained([=] { return bases->sum(*values, point); });
}

int medproof_cuda_coset(uint32_t levels, const void* shifts, const void* scale, Coset** coset)
{
    return contained([=] {
        const gpu_t& gpu = select_gpu(FIRST);
        *coset = new Coset(gpu, levels, shifts, scale);
        return done(gpu);
    });
}

int medproof_cuda_quotient(const Coset* coset, const void* a, const void* b, const void* c, Values** quotient)
{
    return contained([=] { return *quotient = coset->quotient(select_gpu(FIRST), a, b, c).release(), 0; });
}

void medproof_cuda_forget_values(Values* values)
{
    forget(values);
}

void medproof_cuda_forget_bases(Bases* bases)
{
    forget(bases);
}

void medproof_cuda_forget_coset(Coset* coset)
{
    forget(coset);
}

const char* medproof_cuda_explain(int code)
{
    return code == OTHER ? "the host ran out of memory or threads" : cudaGetErrorString(static_cast<cudaError_t>(code));
}

} // extern "C"
