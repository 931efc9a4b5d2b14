// From values of polynomials on a domain to values of their product on a coset of it: sppark's
// transforms, and the powers of the shift between them.

#pragma once

#include "values.cuh"

#include <memory>
#include <ntt/ntt.cuh>

template<class fr_t>
__global__ void multiplied(fr_t* values, const fr_t* by, size_t count)
{
    if (place() < count) {
        fr_t value = values[place()];
        fr_t other = by[place()];
        value *= other;
        values[place()] = value;
    }
}

template<class fr_t>
__global__ void scaled(fr_t* values, const fr_t* scale, size_t count)
{
    if (place() < count) {
        fr_t value = values[place()];
        fr_t factor = scale[0];
        value *= factor;
        values[place()] = value;
    }
}

template<class fr_t>
__global__ void lessened(fr_t* values, const fr_t* by, size_t count)
{
    if (place() < count) {
        fr_t value = values[place()];
        fr_t other = by[place()];
        value -= other;
        values[place()] = value;
    }
}

class Coset {
    const uint32_t levels;
    // What coefficients are multiplied by, in the order of their places' reversed bits; and products of
    // values on the coset, by one number.
    const Values shifts, scale;

    size_t size() const { return (size_t)1 << levels; }

    void extend(const Values& values) const
    {
        using Order = NTT::InputOutputOrder;
        using Way = NTT::Direction;
        fr_t* const all = values.memory.data();
        NTT::Base_dev_ptr(values.stream, all, levels, Order::NR, Way::inverse, NTT::Type::standard);
        multiplied<<<blocks(size()), THREADS, 0, values.stream>>>(all, shifts.memory.data(), size());
        CUDA_OK(cudaGetLastError());
        NTT::Base_dev_ptr(values.stream, all, levels, Order::RN, Way::forward, NTT::Type::standard);
    }

public:
    Coset(const gpu_t& gpu, uint32_t levels, const void* shifts, const void* scale)
        : levels(levels), shifts(gpu, shifts, (size_t)1 << levels), scale(gpu, scale, 1)
    {
    }

    // scale·a·b − c, where there is a c.
    std::unique_ptr<Values> quotient(const gpu_t& gpu, const void* a, const void* b, const void* c) const
    {
        auto quotient = std::make_unique<Values>(gpu, a, size());
        fr_t* const all = quotient->memory.data();
        const Values other(gpu, b, size());
        extend(*quotient);
        extend(other);
        stream_t& stream = quotient->stream;
        multiplied<<<blocks(size()), THREADS, 0, stream>>>(all, other.memory.data(), size());
        scaled<<<blocks(size()), THREADS, 0, stream>>>(all, scale.memory.data(), size());
        if (c != nullptr) {
            const Values third(gpu, c, size());
            extend(third);
            lessened<<<blocks(size()), THREADS, 0, stream>>>(all, third.memory.data(), size());
        }
        CUDA_OK(cudaGetLastError());
        stream.sync();
        return quotient;
    }
};
