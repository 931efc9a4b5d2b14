// Sums of points that stay on the device: sppark's Pippenger.

#pragma once

#include "values.cuh"

template<class fr_t>
__global__ void gathered(fr_t* out, const fr_t* in, const uint32_t* places, size_t count)
{
    if (place() < count) {
        fr_t value = in[places[place()]];
        out[place()] = value;
    }
}

class Bases {
public:
    virtual ~Bases() = default;
    virtual int sum(const Values& values, void* point) = 0;
};

// Of the curve over this field.
template<class field_t> class BasesOver final : public Bases {
    using point_t = jacobian_t<field_t>;
    using bucket_t = xyzz_t<field_t>;
    using affine_t = typename bucket_t::affine_t;

    const size_t count;
    // Of each point's scalar among the values.
    dev_ptr_t<uint32_t> places;
    msm_t<bucket_t, point_t, affine_t, fr_t> msm;

#ifndef __CUDA_ARCH__
    // As `src/driver.rs` has them: Montgomery's words with R = 2^256, x, y and z, of each its components.
    static constexpr size_t coordinate = field_t::degree * 32;
    static_assert(sizeof(affine_t) == 2 * coordinate && sizeof(typename affine_t::mem_t) == sizeof(affine_t));
    static_assert(sizeof(point_t) == 3 * coordinate);
#endif

public:
    BasesOver(const gpu_t& gpu, const void* points, const uint32_t* places, size_t count)
        : count(count), places(count, gpu[2]), msm(static_cast<const affine_t*>(points), count, sizeof(affine_t), FIRST)
    {
        gpu[2].HtoD(this->places.data(), places, count);
    }

    int sum(const Values& values, void* point) override
    {
        // The sum overwrites its scalars.
        const Values own(select_gpu(FIRST), count);
        gathered<<<blocks(count), THREADS, 0, own.stream>>>(
            own.memory.data(), values.memory.data(), places.data(), count);
        CUDA_OK(cudaGetLastError());
        // No points: those that are there. In Montgomery form.
        const affine_t* there = nullptr;
        return -msm.invoke(*static_cast<point_t*>(point), there, count, own.memory, true).code;
    }
};
