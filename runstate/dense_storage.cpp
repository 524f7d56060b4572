// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/dense_storage.h>

namespace vigil::runstate {

std::pmr::memory_resource& dense_storage()
{
    // Never destroyed: a device may be a static object, too.
    static auto& storage = *new std::pmr::unsynchronized_pool_resource(std::pmr::new_delete_resource());
    return storage;
}

} // namespace vigil::runstate
