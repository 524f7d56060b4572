// SPDX-License-Identifier: Apache-2.0
// An outside platform that gives a PCI function of its own to another virtual machine monitor.
#include <iostream>
#include <string>

#include <vigil/bus/vfio-user/vfio_user_function.h>
#include <vigil/bus/vfio-user/vfio_user_session.h>

namespace {

struct own_function final : vigil::bus::pci_function, vigil::runstate::resettable {
    explicit own_function(const sc_core::sc_module_name& name) : pci_function(name, {0x1234, 0x5678, 0xFF0000}) {}
    void reset(vigil::runstate::reset_kind /*kind*/) override { reset_header(); }
};

template <class T> std::string bytes_of(const T& structure)
{
    return {reinterpret_cast<const char*>(&structure), sizeof structure};
}

} // namespace

int sc_main(int, char*[])
{
    own_function function("function");
    vigil::bus::vfio_user_function device("device", function, function);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);

    namespace wire = vigil::bus::vfio_user;
    vigil::bus::vfio_user_session session(device);
    session.opened();
    session.feed(bytes_of(wire::header{0, 1, 20, 0, 0}) + bytes_of(wire::version{0, 0}));
    session.feed(bytes_of(wire::header{1, 9, 32, 0, 0}) + bytes_of(wire::region_access{0, wire::region_config, 4}));
    std::string replies;
    while (session.pending()) session.execute_one(replies);
    for (const char byte : replies.substr(replies.size() - 4)) {
        std::cout << std::hex << int{static_cast<unsigned char>(byte)} << ' ';
    }
    return 0;
}
