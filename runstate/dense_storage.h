// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_DENSE_STORAGE_H
#define VIGIL_RUNSTATE_DENSE_STORAGE_H

#include <memory>
#include <memory_resource>
#include <new>
#include <utility>

namespace vigil::runstate {

/// Where the parts of devices lie that accesses touch, apart from the much larger rest of what a module is: those of
/// one size in a row, so that a hundred thousand of them fill few pages, and whoever goes through them goes straight
/// on. As SystemC, for one thread. std::bad_alloc where memory runs out at its first use.
std::pmr::memory_resource& dense_storage();

/// Destroys what lies there.
struct dense_delete {
    template <class T> void operator()(T* object) const noexcept
    {
        object->~T();
        dense_storage().deallocate(object, sizeof(T), alignof(T));
    }
};

/// Owns a T, of exactly that type, in `dense_storage()`.
template <class T> using dense_ptr = std::unique_ptr<T, dense_delete>;

/// Makes one there; std::bad_alloc without memory.
template <class T, class... Args> dense_ptr<T> make_dense(Args&&... args)
{
    void* const place = dense_storage().allocate(sizeof(T), alignof(T));
    try {
        return dense_ptr<T>(::new (place) T(std::forward<Args>(args)...));
    } catch (...) {
        dense_storage().deallocate(place, sizeof(T), alignof(T));
        throw;
    }
}

} // namespace vigil::runstate

#endif
