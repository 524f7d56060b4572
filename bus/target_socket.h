// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_TARGET_SOCKET_H
#define VIGIL_BUS_TARGET_SOCKET_H

#include <cstdint>
#include <memory>

#include <systemc>
#include <tlm>

#include <vigil/bus/access_origin.h>
#include <vigil/bus/payload_form.h>

namespace vigil::runstate {
class vm_clock;
}

namespace vigil::bus {

/// A target socket that any number of initiators may bind to. Vigil's targets call the backward path only to take
/// direct memory back.
using shared_target_socket =
    tlm::tlm_target_socket<32, tlm::tlm_base_protocol_types, 0, sc_core::SC_ZERO_OR_MORE_BOUND>;

/// Any TLM-2.0 target socket of the base protocol, 32 bits wide, whatever its module registers or implements.
using any_target_socket = tlm::tlm_base_target_socket_b<32>;

/// The forward interface with the answers that all of Vigil's targets share: DMI is refused and the non-blocking path
/// completes at once through `b_transport` (TLM_COMPLETED, delay annotated).
///
/// All of them take payloads as CPU models send them. A streaming width of 0 stands for the data length, with one
/// warning per target socket, /vigil/bus/streaming_width. Byte enables are carried out by runs of enabled bytes, each
/// an access of its own; all ones are as none.
class blocking_target : public tlm::tlm_fw_transport_if<> {
public:
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;

protected:
    /// Warns, the first time, that an initiator of `socket` leaves the streaming width at 0.
    void warn_of_streaming_width(const sc_core::sc_object& socket);

private:
    bool warned_of_streaming_width_ = false;
};

/// A target that sees accesses in the plain form alone: as `check_shape` has it, with data, no streaming and no byte
/// enables. Whatever else an initiator sends is brought into that form first.
class plain_target : public blocking_target {
public:
    plain_target() = default;
    explicit plain_target(const sc_core::sc_object& socket) noexcept : socket_(&socket) {}
    /// Says whose name a warning tells: without one there is none.
    void belongs_to(const sc_core::sc_object& socket) noexcept { socket_ = &socket; }

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    /// An access that is known to be in the plain form: from here on nobody looks at that again.
    virtual void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) = 0;

private:
    const sc_core::sc_object* socket_ = nullptr;
};

/// A target whose accesses take time: a fixed latency, none at first, which is added to the delay of each access (each
/// piece, where one is cut), after it has happened; never in debug transport.
class timed_target {
public:
    void set_access_latency(const sc_core::sc_time& latency) noexcept { access_latency_ = latency; }
    const sc_core::sc_time& access_latency() const noexcept { return access_latency_; }

protected:
    timed_target() = default;
    ~timed_target() = default;

private:
    sc_core::sc_time access_latency_;
};

/// What a register device needs to know of an access beside offset, width and value.
class access_context {
public:
    access_context(const tlm::tlm_generic_payload& payload, const sc_core::sc_time& its_delay) noexcept
        : delay(its_delay), payload_(&payload)
    {
    }

    const sc_core::sc_time& delay; ///< the initiator's annotation: the access happens this much after sc_time_stamp()
    /// Looked up at each call: most accesses never ask.
    const access_origin& origin() const noexcept { return payload_ != nullptr ? origin_of(*payload_) : k_guest_origin; }

private:
    friend access_context debug_access() noexcept;
    access_context() noexcept : delay(sc_core::SC_ZERO_TIME) {}

    const tlm::tlm_generic_payload* payload_ = nullptr; ///< null: there is none
};

/// The context of a look from outside, now.
inline access_context debug_access() noexcept { return {}; }

/// Which offsets an access to a register region may have.
enum class access_alignment : std::uint8_t {
    natural, ///< multiples of the width
    any,     ///< whatever lies inside the region
};

/// A device as seen through one `register_socket`. Offsets are bytes from the start of the region; widths are 1, 2, 4
/// or 8 bytes, aligned as the socket says and inside the region; values are little-endian numbers in the low `width`
/// bytes.
struct register_device {
    /// A guest-visible read. Reads without side effects need only `peek`.
    virtual std::uint64_t read(std::uint64_t offset, unsigned width, const access_context& /*context*/)
    {
        return peek(offset, width);
    }
    /// A write.
    virtual void write(std::uint64_t offset, unsigned width, std::uint64_t value, const access_context& context) = 0;
    /// What a read would return, without any side effect (debug transport).
    virtual std::uint64_t peek(std::uint64_t offset, unsigned width) const = 0;

protected:
    ~register_device() = default;
};

/// What carries out the accesses to a register region. An access of 1, 2, 4 or 8 bytes up to the region's widest,
/// aligned, is one for the device; any other is carried out in the pieces that a router would cut (see
/// `mapping_options::widest`), with the first response that is not TLM_OK_RESPONSE. Byte enables are runs of bytes, see
/// `blocking_target`. It answers
///   TLM_BYTE_ENABLE_ERROR_RESPONSE  byte enables other than 0 and FFh, or of length 0,
///   TLM_BURST_ERROR_RESPONSE        length 0, or a streaming width below the length (other than 0),
///   TLM_ADDRESS_ERROR_RESPONSE      an access or piece that starts or ends outside the region,
///   TLM_GENERIC_ERROR_RESPONSE      no data pointer,
///   TLM_OK_RESPONSE                 otherwise; TLM_IGNORE_COMMAND does nothing.
/// Debug transport reads any length through `peek`, in the same pieces, and never writes (it returns 0 bytes).
/// `register_target` (bus/register_target.h) is the only one.
class register_target_base : public plain_target, public timed_target {
public:
    const register_region& region() const noexcept { return region_; }

    /// The device's timers hang on `clock`: a guest's access finds those run that are due by its time.
    void timed_by(runstate::vm_clock& clock) noexcept { clock_ = &clock; }

protected:
    explicit register_target_base(const register_region& region) noexcept : region_(region) {}

    runstate::vm_clock* clock() const noexcept { return clock_; }

private:
    friend class register_socket;

    register_region region_;
    runstate::vm_clock* clock_ = nullptr;
};

/// The target socket of a register region, see `register_target_base`.
class register_socket : public shared_target_socket {
public:
    /// `size`: bytes in the region; `widest`: the widest single access, 1, 2, 4 or 8 bytes.
    /// Reports /vigil/bus/register_socket where they are wrong.
    register_socket(const char* name, register_device& device, std::uint64_t size, unsigned widest = 4,
                    access_alignment alignment = access_alignment::natural);
    /// For a device that is a target itself, which must outlive the socket and has one.
    register_socket(const char* name, register_target_base& target);

    std::uint64_t size() const noexcept { return target_.region().size; }
    /// Bytes of the widest single access.
    unsigned widest() const noexcept { return target_.region().widest; }

    /// As `register_target_base::timed_by`.
    void timed_by(runstate::vm_clock& clock) noexcept { target_.timed_by(clock); }

    /// As `timed_target` has them.
    void set_access_latency(const sc_core::sc_time& latency) noexcept { target_.set_access_latency(latency); }
    const sc_core::sc_time& access_latency() const noexcept { return target_.access_latency(); }

private:
    class device_behind; ///< the target before a device that is known by its interface alone

    register_socket(const char* name, std::unique_ptr<register_target_base> target);
    void adopt_target();

    const std::unique_ptr<register_target_base> own_target_; ///< null: the device is one
    register_target_base& target_;
};

} // namespace vigil::bus

#endif
