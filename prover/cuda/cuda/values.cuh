// Numbers on the device.

#pragma once

#include <ff/alt_bn128-fp2.hpp>

// Before the buckets, which are turned into these.
#include <ec/jacobian_t.hpp>

#include <ec/xyzz_t.hpp>

// Both groups are summed here: templates are instantiated where they are used.
#define SPPARK_DONT_INSTANTIATE_TEMPLATES
#include <msm/pippenger.cuh>

constexpr int FIRST = 0;

// Scalars, Montgomery's words with R = 2^256; and zeros before their memory goes. All that is done with
// them is done on the stream where sums cut digits, one after the other.
class Values {
public:
    stream_t& stream;
    const size_t count;
    dev_ptr_t<fr_t> memory;

    Values(const gpu_t& gpu, size_t count) : stream(gpu[2]), count(count), memory(count, stream) {}

    Values(const gpu_t& gpu, const void* scalars, size_t count) : Values(gpu, count)
    {
#ifndef __CUDA_ARCH__
        static_assert(sizeof(fr_t) == 32);
#endif
        stream.HtoD(memory.data(), scalars, count);
    }

    Values(const Values&) = delete;
    Values& operator=(const Values&) = delete;

    ~Values()
    {
        (void)cudaMemsetAsync(memory.data(), 0, count * sizeof(fr_t), stream);
        (void)cudaStreamSynchronize(stream);
    }
};

// A thread for each number.
constexpr unsigned THREADS = 128;

inline unsigned blocks(size_t count)
{
    return (count + THREADS - 1) / THREADS;
}

__device__ inline size_t place()
{
    return threadIdx.x + blockDim.x * (size_t)blockIdx.x;
}
