// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SESSION_H
#define VIGIL_QMP_BRIDGE_SESSION_H

#include <cstddef>
#include <string>
#include <string_view>

namespace vigil::qmp_bridge {

/// The bytes that wait to be sent to one client. Whoever carries the session sends from `unsent()` and calls `sent()`.
class output_queue {
public:
    std::string_view unsent() const noexcept { return std::string_view(bytes_).substr(sent_); }
    bool empty() const noexcept { return sent_ == bytes_.size(); }
    std::size_t size() const noexcept { return bytes_.size() - sent_; }

    /// Takes note that the first `count` unsent bytes have gone.
    void sent(std::size_t count)
    {
        sent_ += count;
        if (sent_ == bytes_.size()) {
            sent_ = 0;
            bytes_.clear();
            if (bytes_.capacity() > k_kept) bytes_.shrink_to_fit();
        } else if (sent_ > k_kept && sent_ > bytes_.size() / 2) {
            bytes_.erase(0, sent_);
            sent_ = 0;
        }
    }

    /// The buffer to append to.
    std::string& append_to() noexcept { return bytes_; }

private:
    static constexpr std::size_t k_kept = 64 * 1024; ///< bytes of buffer worth keeping while idle

    std::string bytes_;
    std::size_t sent_ = 0;
};

/// One client's conversation in some protocol: bytes in, bytes out. Knows no socket and no kernel. Taking bytes in only
/// frames and queues requests; each is executed by its own call, because executing may take simulated time.
class session {
public:
    virtual ~session() = default;

    /// The client is there; a protocol that greets does it now.
    virtual void opened() = 0;

    /// Takes bytes in: frames requests and queues them.
    virtual void feed(std::string_view bytes) = 0;

    /// Whether a request (or a ready answer, such as a parse error) waits for `execute_one`.
    virtual bool pending() const = 0;

    /// Whether a request is under way that will be answered later, while the client may go on. Its answer stands in
    /// `output`, and `pending` says whether something follows, once whoever made the session is told of new output.
    virtual bool busy() const { return false; }

    /// Whether enough has been taken in beside the request under way: no more should be fed until it is answered.
    virtual bool full() const { return false; }

    /// Executes the oldest request, inside a turn of its own, and queues what it answers.
    virtual void execute_one() = 0;

    /// What waits to be sent.
    output_queue output;
};

} // namespace vigil::qmp_bridge

#endif
