// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SESSION_SESSION_H
#define VIGIL_QMP_BRIDGE_SESSION_SESSION_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/qmp-bridge/session/request_budget.h>
#include <vigil/runstate/files/descriptor.h>

namespace vigil::qmp_bridge {

/// Bytes of a client's buffer worth keeping while it is idle.
inline constexpr std::size_t k_kept_buffer = 64 * 1024;

/// Unsent bytes from which a client's further requests wait until it reads.
inline constexpr std::size_t k_held_up_bytes = std::size_t{1024} * 1024;

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
            if (bytes_.capacity() > k_kept_buffer) bytes_.shrink_to_fit();
        } else if (sent_ > k_kept_buffer && sent_ > bytes_.size() / 2) {
            bytes_.erase(0, sent_);
            sent_ = 0;
        }
    }

    /// The buffer to append to.
    std::string& append_to() noexcept { return bytes_; }

    /// Has `append` add to the buffer; what it added before it threw is taken back.
    template <class Append> void add(Append append)
    {
        const std::size_t before = bytes_.size();
        try {
            append(bytes_);
        } catch (...) {
            bytes_.resize(before);
            throw;
        }
    }

private:
    std::string bytes_;
    std::size_t sent_ = 0;
};

/// Whoever carries the bytes of one conversation.
struct session_carrier {
    /// The conversation has output that no call of the carrier's own caused. Must not make or destroy sessions.
    virtual void output_added() = 0;
    /// The client's number (see `traffic_observer`); 0 where it has gone.
    virtual unsigned client_number() const noexcept = 0;
    /// What it has of the conversation's output that has not been sent yet, in bytes.
    virtual std::size_t held_back() const noexcept { return 0; }

protected:
    ~session_carrier() = default;
};

/// One client's conversation in some protocol: bytes in, bytes out. Knows no socket and no kernel. Taking bytes in only
/// frames and queues requests; each is executed by its own call, because executing may take simulated time.
///
/// Where memory runs out a request is answered with an error. Where not even that can be, or a part of the input is
/// lost, std::bad_alloc leaves the call, and the conversation must be ended.
class session {
public:
    virtual ~session() = default;

    /// The client is there; a protocol that greets does it now.
    virtual void opened() = 0;

    /// Takes bytes in: frames requests and queues them.
    virtual void feed(std::string_view bytes) = 0;

    /// Whether descriptors come beside the bytes; without that none is received.
    virtual bool takes_descriptors() const { return false; }
    /// Takes over those that came with the bytes that are fed next.
    virtual void take(std::vector<runstate::descriptor> /*descriptors*/) {}

    /// Whether a request (or a ready answer, such as a parse error) waits for `execute_one`.
    virtual bool pending() const = 0;

    /// Whether a request is under way that will be answered later, while the client may go on. Its answer stands in
    /// `output`, and `pending` says whether something follows, once the carrier is told of new output.
    virtual bool busy() const { return false; }

    /// Whether enough has been taken in beside the request under way: no more should be fed until it is answered.
    virtual bool full() const { return false; }

    /// Executes the oldest request, inside a turn of its own, and queues what it answers.
    virtual void execute_one() = 0;

    /// Whether its requests are executed amid a step of the clock that another client asked for (see `pump`).
    virtual bool served_amid_steps() const { return false; }

    /// Unsent bytes beyond which no request is executed. 0: each answer leaves by a send of its own.
    virtual std::size_t most_unsent() const { return k_held_up_bytes; }

    /// Whether the client is still served when the run is over, until it goes, because it must not lose its server
    /// amid a question.
    virtual bool seen_off() const { return false; }

    /// The client has gone: nothing is asked of the conversation any more.
    virtual void closed() noexcept {}

    /// Says who carries it from now on; null: nobody. The carrier outlives the conversation or says null before it
    /// goes.
    void carried_by(session_carrier* one) noexcept { carrier_ = one; }
    /// The number of its client; 0 where there is none.
    unsigned client_number() const noexcept { return carrier_ != nullptr ? carrier_->client_number() : 0; }

    /// Bytes of its output that have not been sent yet.
    std::size_t unsent_bytes() const noexcept
    {
        return output.size() + (carrier_ != nullptr ? carrier_->held_back() : 0);
    }

    /// Whether the conversation cannot go on: nothing more is taken in, and the client is to be let go of once it has
    /// what waits for it.
    bool over() const noexcept { return over_; }

    /// What waits to be sent.
    output_queue output;

    /// What the requests that are not yet executed hold.
    request_share unfinished;

protected:
    void end_conversation() noexcept { over_ = true; }
    /// Something was added to `output` outside `execute_one`, or something is pending now: who carries it sees to both.
    void announce_output() const
    {
        if (carrier_ != nullptr) carrier_->output_added();
    }

private:
    session_carrier* carrier_ = nullptr;
    bool over_ = false;
};

} // namespace vigil::qmp_bridge

#endif
