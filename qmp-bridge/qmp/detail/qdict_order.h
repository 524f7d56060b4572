// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_QMP_DETAIL_QDICT_ORDER_H
#define VIGIL_QMP_BRIDGE_QMP_DETAIL_QDICT_ORDER_H

#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

/// The order in which QEMU visits the members of an object, the members of a request included: by hash bucket.
namespace vigil::qmp_bridge {

/// The bucket, 0 to 511, of a key.
unsigned qdict_bucket(std::string_view key);

/// The members of `object` by ascending bucket, those that share one last inserted first.
std::vector<const boost::json::key_value_pair*> in_qdict_order(const boost::json::object& object);

} // namespace vigil::qmp_bridge

#endif
