// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_HTTP_GUARD_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_HTTP_GUARD_H

#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

/// Tells a web browser from a client by the first bytes. A web page can have its reader's browser send a request to any
/// port of the reader's own host, and with a body of the page's choice: a server that takes the head for noise would
/// execute the body.
class http_guard {
public:
    enum class verdict {
        undecided, ///< more bytes are needed
        harmless,  ///< what has come is to be taken in, and all that follows
        http,      ///< the client is to be dropped
    };

    /// Takes the next bytes in.
    verdict look_at(std::string_view bytes);

    /// What has come, while undecided and once it is decided.
    std::string& seen() noexcept { return seen_; }

private:
    std::string seen_;
};

} // namespace vigil::qmp_bridge

#endif
