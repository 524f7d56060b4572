// SPDX-License-Identifier: Apache-2.0
// Random accesses at random times against a plain reading of the device's documentation.
#include <catch.h>

#include <array>

#include "i6300esb_rig.h"

using namespace vigil::models::test;

namespace {

/// The documented behaviour, written down as directly as possible.
struct reference {
    std::int64_t now = 0;
    bool reboot_enabled = true;
    int clock_1mhz = 0;
    std::uint32_t int_type = 0;
    bool free_run = false;
    bool locked = false;
    bool enabled = false;
    std::uint32_t preload1 = 0xFFFFF;
    std::uint32_t preload2 = 0xFFFFF;
    int stage = 1;
    int u = 0;
    bool previous_reboot = false;
    std::int64_t expiry = -1;
    std::array<std::uint8_t, 256> shadow{};
    std::vector<mark> log;

    void start(int which, std::int64_t late = 0)
    {
        if (!enabled) return;
        stage = which;
        const std::int64_t p = which == 1 ? preload1 : preload2;
        expiry = now + late + (clock_1mhz ? p * 32 : p * 32768) * 30;
    }
    void internal_reset()
    {
        expiry = -1;
        reboot_enabled = true;
        clock_1mhz = 0;
        int_type = 0;
        free_run = locked = enabled = false;
        preload1 = preload2 = 0xFFFFF;
        stage = 1;
        u = 0;
    }
    void expire()
    {
        expiry = -1;
        log.push_back({now, static_cast<unsigned>(stage)});
        if (stage == 1) {
            start(2);
            return;
        }
        if (reboot_enabled) {
            previous_reboot = true;
            log.push_back({now, k_fact});
            internal_reset();
        }
        if (free_run) start(1, preload1 == 0 && preload2 == 0 ? (clock_1mhz ? 960 : 983040) : 0);
    }
    void advance_to(std::int64_t t)
    {
        while (expiry >= 0 && expiry <= t) {
            now = expiry;
            expire();
        }
        now = t;
    }
    void system_reset()
    {
        internal_reset();
        for (int i : {0x04, 0x05, 0x0C, 0x10, 0x11, 0x12, 0x13, 0x3C}) shadow[static_cast<std::size_t>(i)] = 0;
    }

    void config_write(std::uint32_t o, unsigned n, std::uint32_t v)
    {
        if (o == 0x60 && n == 2) {
            reboot_enabled = (v & 0x20) == 0;
            clock_1mhz = (v & 0x04) ? 1 : 0;
            int_type = v & 0x11;
        } else if (o == 0x68 && n == 1) {
            if (locked) return;
            const bool was = enabled;
            locked = v & 1;
            enabled = v & 2;
            free_run = v & 4;
            if (!enabled) expiry = -1;
            if (enabled && !was) start(1);
        } else {
            for (unsigned i = 0; i < n; ++i) shadow[o + i] = static_cast<std::uint8_t>(v >> (8 * i));
        }
    }
    std::uint32_t config_read(std::uint32_t o, unsigned n) const
    {
        if (o == 0x60 && n == 2) return (reboot_enabled ? 0 : 0x20U) + (clock_1mhz ? 4U : 0U) + int_type;
        if (o == 0x68 && n == 1) return (locked ? 1U : 0U) + (enabled ? 2U : 0U) + (free_run ? 4U : 0U);
        std::uint32_t v = 0;
        for (unsigned i = 0; i < n; ++i) v |= std::uint32_t{shadow[o + i]} << (8 * i);
        return v;
    }
    void memory_write(std::uint32_t o, unsigned n, std::uint32_t v)
    {
        if (o == 0xC && v == 0x80) {
            u = 1;
        } else if (o == 0xC && v == 0x86 && u == 1) {
            u = 2;
        } else if (n == 1) {
            // byte writes never consume
        } else if (u == 2) {
            if (n == 2 && o == 0xC) {
                if (v & 0x0100) start(1);
                if (v & 0x1200) previous_reboot = false;
            }
            if (n == 4 && o == 0x0) preload1 = v & 0xFFFFF;
            if (n == 4 && o == 0x4) preload2 = v & 0xFFFFF;
            u = 0;
        }
    }
    std::uint32_t memory_read(std::uint32_t o, unsigned n) const
    {
        return o == 0xC && n == 2 && previous_reboot ? 0x1200 : 0;
    }
};

/// A small generator whose sequence is the same everywhere.
struct generator {
    std::uint64_t state;
    std::uint32_t below(std::uint32_t bound)
    {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>((state >> 33) % bound);
    }
    template <class T> T one_of(std::initializer_list<T> choices)
    {
        return choices.begin()[below(static_cast<std::uint32_t>(choices.size()))];
    }
};

void compare(rig& r, const reference& ref)
{
    CHECK(r.log == ref.log);
    CHECK(r.saved("reboot_enabled") == ref.reboot_enabled);
    CHECK(r.saved("clock_scale") == static_cast<std::uint64_t>(ref.clock_1mhz));
    CHECK(r.saved("int_type") == ref.int_type);
    CHECK(r.saved("free_run") == ref.free_run);
    CHECK(r.saved("locked") == ref.locked);
    CHECK(r.saved("enabled") == ref.enabled);
    CHECK(r.saved("timer") == static_cast<std::uint64_t>(ref.expiry));
    CHECK(r.saved("preload1") == ref.preload1);
    CHECK(r.saved("preload2") == ref.preload2);
    CHECK(r.saved("stage") == static_cast<std::uint64_t>(ref.stage));
    CHECK(r.saved("unlock_state") == static_cast<std::uint64_t>(ref.u));
    CHECK(r.saved("previous_reboot") == ref.previous_reboot);
}

void run(std::uint64_t seed)
{
    CAPTURE(seed);
    rig r("rig");
    reference ref;
    for (std::size_t i = 0; i < 0x40; ++i)
        ref.shadow[i] = static_cast<std::uint8_t>(r.cfg(static_cast<std::uint32_t>(i), 1));
    generator g{seed};

    const auto write = [&](std::uint32_t o, unsigned n, std::uint32_t v) {
        const std::uint32_t truncated = n == 4 ? v : v & ((1U << (8 * n)) - 1);
        r.mem(o, n, truncated);
        ref.memory_write(o, n, truncated);
    };
    for (int i = 0; i < 4000; ++i) {
        const unsigned n = g.one_of({1U, 2U, 4U});
        const std::uint32_t o = g.below(16 / n) * n;
        switch (g.below(12)) {
        case 0:
        case 1: // some time
            ref.advance_to(ref.now + g.one_of<std::int64_t>({0, 1, 959, 960, 5000, 983039, 983040, 20000000}));
            r.run_to(ref.now);
            pass(ns(0));
            break;
        case 2: // to the brink of the deadline, or onto it
            if (ref.expiry >= 0) {
                ref.advance_to(std::max(ref.now, ref.expiry - g.below(2)));
                r.run_to(ref.now);
                pass(ns(0));
            }
            break;
        case 3:
        case 4: // a write that is let through
            write(0xC, g.one_of({1U, 2U, 4U}), 0x80);
            write(0xC, g.one_of({1U, 2U, 4U}), 0x86);
            if (g.below(2) == 0) {
                write(g.one_of({0U, 4U}), 4, g.one_of({0U, 1U, 2U, 10U, 1000U, 0xFFF00003U}));
            } else {
                write(0xC, 2, g.one_of({0x0100U, 0x0100U, 0x0200U, 0x1100U, 0x0300U, 0x1000U, 0U}));
            }
            break;
        case 5:
        case 6: // any write
            write(o, n, g.one_of({0x80U, 0x86U, 0x100U, 0x180U, 0x200U, 0x186U, 0U, 3U, 0xFFFFFFFFU}));
            break;
        case 7: { // any read
            CHECK(r.mem(o, n) == ref.memory_read(o, n));
            break;
        }
        case 8: { // configuration around the live registers
            const std::uint32_t at = 0x60 + o;
            const std::uint32_t value = g.one_of({0U, 1U, 2U, 3U, 4U, 6U, 0x20U, 0x24U, 0x35U, 0xFFU})
                                        << (8 * g.below(n));
            r.cfg(at, n, value);
            ref.config_write(at, n, value);
            break;
        }
        case 9: { // the live registers themselves
            if (g.below(2) == 0) {
                const std::uint32_t value = g.one_of({0x0000U, 0x0004U, 0x0020U, 0x0024U, 0x0005U, 0xFFFFU});
                r.cfg(0x60, 2, value);
                ref.config_write(0x60, 2, value);
            } else {
                const std::uint32_t value = g.one_of({0U, 2U, 2U, 4U, 6U, 6U, 3U, 7U, 0xFAU});
                r.cfg(0x68, 1, value);
                ref.config_write(0x68, 1, value);
            }
            break;
        }
        case 10: { // configuration reads
            const std::uint32_t at = 0x60 + o;
            CHECK(r.cfg(at, n) == ref.config_read(at, n));
            break;
        }
        default:
            if (g.below(8) == 0) {
                r.device.reset(vigil::runstate::reset_kind::warm);
                ref.system_reset();
            } else if (g.below(4) == 0) {
                const auto state = r.device.save();
                r.device.reset(vigil::runstate::reset_kind::cold);
                REQUIRE_FALSE(r.device.restore(state).has_value());
                CHECK(same(r.device.save(), state));
            }
        }
        if (i % 16 == 0) compare(r, ref);
    }
    compare(r, ref);
    CHECK(r.log.size() > 20);
}

} // namespace

TEST_CASE("i6300esb: random accesses agree with the documentation, seed 1") { run(1); }

TEST_CASE("i6300esb: random accesses agree with the documentation, seed 2") { run(2); }

TEST_CASE("i6300esb: random accesses agree with the documentation, seed 3") { run(3); }

TEST_CASE("i6300esb: random accesses agree with the documentation, seed 4") { run(4); }
