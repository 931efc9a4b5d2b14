// Sums of bases that stay on the device, by scalars that are sent for each: sppark's Pippenger.
//
// Functions give 0, an error of CUDA's, or OTHER; nothing is thrown across the border. They must be
// called one at a time: a kernel's counters and the buckets of some bases are shared by all calls.
//
// Scalars are overwritten on the device. What the library leaves, in device memory of this process
// that is freed or used again: scalars' digits, sorted, and sums of buckets; and on the host sums of
// buckets, and what the driver stages copies in.

#include <ff/alt_bn128-fp2.hpp>

// Before the buckets, which are turned into these.
#include <ec/jacobian_t.hpp>

#include <ec/xyzz_t.hpp>

// Both groups are summed here: templates are instantiated where they are used.
#define SPPARK_DONT_INSTANTIATE_TEMPLATES
#include <msm/pippenger.cuh>

namespace {

constexpr int OTHER = -1;
constexpr int FIRST = 0;

// On the device while a sum takes them, and zeros before their memory goes.
class Scalars {
    const stream_t& stream;
    const size_t bytes;

public:
    dev_ptr_t<fr_t> memory;

    // On the stream where digits are cut, so that this comes after the copy.
    Scalars(const gpu_t& gpu, const fr_t* scalars, size_t count)
        : stream(gpu[2]), bytes(count * sizeof(fr_t)), memory(count, stream)
    {
        stream.HtoD(memory.data(), scalars, count);
    }

    Scalars(const Scalars&) = delete;
    Scalars& operator=(const Scalars&) = delete;

    ~Scalars()
    {
        (void)cudaMemsetAsync(memory.data(), 0, bytes, stream);
        (void)cudaStreamSynchronize(stream);
    }
};

class Bases {
public:
    virtual ~Bases() = default;
    virtual int sum(const void* scalars, size_t count, void* point) = 0;
};

// Of the curve over this field.
template<class field_t> class BasesOver final : public Bases {
    using point_t = jacobian_t<field_t>;
    using bucket_t = xyzz_t<field_t>;
    using affine_t = typename bucket_t::affine_t;

    msm_t<bucket_t, point_t, affine_t, fr_t> msm;

#ifndef __CUDA_ARCH__
    // As `src/driver.rs` has them: Montgomery's words with R = 2^256, x, y and z, of each its components.
    static constexpr size_t coordinate = field_t::degree * 32;
    static_assert(sizeof(fr_t) == 32);
    static_assert(sizeof(affine_t) == 2 * coordinate && sizeof(typename affine_t::mem_t) == sizeof(affine_t));
    static_assert(sizeof(point_t) == 3 * coordinate);
#endif

public:
    BasesOver(const void* points, size_t count)
        : msm(static_cast<const affine_t*>(points), count, sizeof(affine_t), FIRST)
    {
    }

    int sum(const void* scalars, size_t count, void* point) override
    {
        const Scalars sent(select_gpu(FIRST), static_cast<const fr_t*>(scalars), count);
        // No points: those that are there. In Montgomery form.
        const affine_t* there = nullptr;
        return -msm.invoke(*static_cast<point_t*>(point), there, count, sent.memory, true).code;
    }
};

template<class work_t> int contained(work_t work) noexcept
{
    try {
        return work();
    } catch (const cuda_error& error) {
        return -error.code();
    } catch (...) {
        return OTHER;
    }
}

} // namespace

extern "C" {

int medproof_cuda_first()
{
    return contained([] { return select_gpu(FIRST), 0; });
}

int medproof_cuda_upload(int components, const void* points, size_t count, Bases** bases)
{
    return contained([=] {
        select_gpu(FIRST);
        if (components == 1)
            *bases = new BasesOver<fp_t>(points, count);
        else
            *bases = new BasesOver<fp2_t>(points, count);
        // Only begun by then, on another stream than sums are.
        select_gpu(FIRST).sync();
        return 0;
    });
}

int medproof_cuda_sum(Bases* bases, const void* scalars, size_t count, void* point)
{
    return contained([=] { return bases->sum(scalars, count, point); });
}

// A device that has failed keeps what it holds: the library would end the process over it.
void medproof_cuda_forget(Bases* bases)
{
    if (contained([] { return select_gpu(FIRST).sync(), 0; }) == 0)
        delete bases;
}

const char* medproof_cuda_explain(int code)
{
    return code == OTHER ? "the host ran out of memory or threads" : cudaGetErrorString(static_cast<cudaError_t>(code));
}

} // extern "C"
