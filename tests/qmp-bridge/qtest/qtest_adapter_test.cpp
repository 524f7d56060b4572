// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qtest/detail/qtest_adapter.h>

#include <catch.h>

using namespace vigil;

namespace {

/// One MSR, 10h.
struct one_msr : sc_core::sc_module, bus::msr_device {
    explicit one_msr(const sc_core::sc_module_name& name) : sc_module(name) {}
    bool write_msr(std::uint64_t, std::uint64_t written, const bus::access_context& context) override
    {
        value = written;
        origin = context.origin();
        return true;
    }
    std::optional<std::uint64_t> peek_msr(std::uint64_t) const override { return value; }

    std::uint64_t value = 7;
    bus::access_origin origin;
    bus::msr_socket socket{"socket", *this};
};

struct qtest_platform {
    qtest_platform()
    {
        qtest.io.socket.bind(nothing.target);
        qtest.memory.socket.bind(nothing.target);
    }

    static qmp_bridge::pacing options()
    {
        qmp_bridge::pacing result;
        result.wait = qmp_bridge::waiting::polling;
        return result;
    }

    runstate::controller controller{"controller"};
    qmp_bridge::pump pump{"pump", controller, options()};
    bus::msr_space nothing{"nothing"};
    qmp_bridge::qtest_adapter qtest{"qtest", controller, pump};
};

} // namespace

TEST_CASE("qtest adapter: an MSR access goes out as the test's own")
{
    qtest_platform p;
    one_msr device("device");
    bus::msr_space space("space");
    space.map(0x10, 1, device.socket);
    p.qtest.msr.socket.bind(space.target);
    p.qtest.set_cpus(2);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(p.qtest.cpus() == 2);
    CHECK(p.qtest.read_msr(0x10, 0) == std::uint64_t{7});
    CHECK(p.qtest.write_msr(0x10, ~std::uint64_t{0}, 1));
    CHECK(p.qtest.read_msr(0x10, 1) == ~std::uint64_t{0});
    CHECK(device.origin.kind == bus::initiator_kind::test);
    CHECK_FALSE(p.qtest.read_msr(0x11, 0).has_value());
    CHECK_FALSE(p.qtest.write_msr(0x11, 0, 0));
}

TEST_CASE("qtest adapter: with no MSR space bound every MSR faults")
{
    qtest_platform p;
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(p.qtest.cpus() == 1);
    CHECK_FALSE(p.qtest.read_msr(0x40000105, 0).has_value());
    CHECK_FALSE(p.qtest.write_msr(0x40000105, 0, 0));
}

TEST_CASE("qtest adapter: the MSR space may be bound through the port of a module around it")
{
    struct board : sc_core::sc_module {
        board(const sc_core::sc_module_name& name, qtest_platform& p) : sc_module(name)
        {
            p.qtest.msr.socket.bind(msrs);
        }
        tlm::tlm_initiator_socket<> msrs{"msrs"};
    };
    qtest_platform p;
    board around("board", p);
    one_msr device("device");
    around.msrs.bind(device.socket);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(p.qtest.read_msr(0x10, 0) == std::uint64_t{7});
}
