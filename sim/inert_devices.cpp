// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/inert_devices.h>

#include <algorithm>

#include <vigil/sim/inert_function.h>

// The numbers are what QEMU 7.2's devices show in their configuration space.
namespace vigil::sim {

namespace {

using words = std::vector<config_word>;
using bars = std::vector<inert_bar>;

// What a function looks like by its place: on the root bus of PCI Express, behind one of its ports, on a conventional
// bus.
struct inert_forms {
    inert_header on_root;
    inert_header on_port;
    inert_header conventional;
};

inert_forms everywhere(const inert_header& header) { return {header, header, header}; }

constexpr std::uint32_t k_all = 0xFFFF'FFFF;

words joined(words all, const words& more)
{
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

words without(words all, std::uint8_t from, std::uint8_t to)
{
    const auto is_there = [&](const config_word& one) { return one.offset >= from && one.offset < to; };
    all.erase(std::remove_if(all.begin(), all.end(), is_there), all.end());
    return all;
}

words with(words all, const config_word& changed)
{
    for (config_word& one : all) {
        if (one.offset == changed.offset) one.value = changed.value;
    }
    return all;
}

// --- Bridges.

constexpr bus::pci_bridge_parameters k_port{true, 0, 0x005F};
constexpr bus::pci_bridge_parameters k_bridge{false, 0x00A0, 0x0BFF};

inert_header bridge(const bus::pci_identity& identity, std::uint8_t pin, bars registers, std::uint8_t capabilities,
                    words rest, std::uint8_t status = 0)
{
    return {identity, pin, std::move(registers), 0, capabilities, std::move(rest), status};
}

constexpr std::uint8_t k_66_mhz_back_to_back = 0xA0;

inert_header root_port()
{
    return bridge({0x1B36, 0x000C, 0x060400}, 1, {{0, 0xFFFF'F000}}, 0x54,
                  {{0x40, 0x0000'000D},
                   {0x44, 0x0000'1B36},
                   {0x48, 0x0000'4011},
                   {0x50, 0x0000'0800},
                   {0x54, 0x0142'4810},
                   {0x58, 0x0000'8000},
                   {0x60, 0x0030'0604},
                   {0x64, 0x0204'0000},
                   {0x68, 0x0002'007B},
                   {0x6C, 0x0000'07C0},
                   {0x78, 0x0030'0020},
                   {0x80, 0x0000'001E},
                   {0x84, 0x0000'0004}});
}

inert_header ioh3420()
{
    return bridge({0x8086, 0x3420, 0x060400, 2}, 1, {}, 0x90,
                  {{0x40, 0x0000'000D},
                   {0x44, 0x0000'8086},
                   {0x60, 0x0102'4005},
                   {0x90, 0x0142'6010},
                   {0x94, 0x0000'8000},
                   {0x9C, 0x0000'0411},
                   {0xA0, 0x0011'0000},
                   {0xA4, 0x0002'007B},
                   {0xA8, 0x0000'07C0},
                   {0xB4, 0x0030'0020}});
}

inert_header pcie_pci_bridge()
{
    return bridge({0x1B36, 0x000E, 0x060400}, 1, {{0, 0xFFFF'FF00, 4}, {1, k_all}}, 0x8C,
                  {{0x40, 0x0000'000C},
                   {0x48, 0x0072'4010},
                   {0x4C, 0x0000'8000},
                   {0x54, 0x0000'0411},
                   {0x58, 0x0011'0000},
                   {0x6C, 0x0030'0020},
                   {0x84, 0x0003'4801},
                   {0x8C, 0x0180'8405}},
                  k_66_mhz_back_to_back);
}

inert_header pci_bridge()
{
    return bridge({0x1B36, 0x0001, 0x060400}, 1, {{0, 0xFFFF'FF00, 4}, {1, k_all}}, 0x4C,
                  {{0x40, 0x0000'000C}, {0x48, 0x0120'4004}, {0x4C, 0x0180'4805}}, k_66_mhz_back_to_back);
}

inert_header i82801b11_bridge()
{
    return bridge({0x8086, 0x244E, 0x060401, 0x92}, 0, {}, 0x50, {{0x50, 0x0000'000D}}, k_66_mhz_back_to_back);
}

// --- USB controllers.

inert_forms uhci(std::uint16_t device_id, std::uint8_t revision, std::uint8_t pin)
{
    return everywhere({{0x8086, device_id, 0x0C0300, revision},
                       pin,
                       {{4, 0xFFFF'FFE0, 1}},
                       0,
                       0,
                       {{0x60, 0x0000'0010}, {0x68, 0x0001'0000}}});
}

inert_forms piix3_uhci() { return uhci(0x7020, 1, 4); }

inert_forms ich9_uhci1() { return uhci(0x2934, 3, 1); }

inert_forms ich9_uhci2() { return uhci(0x2935, 3, 2); }

inert_forms ich9_uhci3() { return uhci(0x2936, 3, 3); }

inert_forms ich9_ehci1()
{
    return everywhere({{0x8086, 0x293A, 0x0C0320, 3},
                       4,
                       {{0, 0xFFFF'F000}},
                       0,
                       0,
                       {{0x60, 0x0000'2020}, {0x68, 0x0000'0001}, {0x6C, 0xC000'0000}}});
}

// The capability at A0h says what a function is to PCI Express; a conventional bus has none.
inert_forms xhci(const bus::pci_identity& identity, std::uint32_t after_msix, const words& more)
{
    inert_forms forms = everywhere({identity,
                                    1,
                                    {{0, 0xFFFF'C000, 4}, {1, k_all}},
                                    0,
                                    0x90,
                                    joined({{0x60, 0x0000'0030},
                                            {0x90, 0x000F'A011},
                                            {0x94, 0x0000'3000},
                                            {0x98, 0x0000'3800},
                                            {0xA0, 0x0092'0010 | after_msix},
                                            {0xA4, 0x0000'8000},
                                            {0xAC, 0x0000'0411},
                                            {0xB0, 0x0011'0000},
                                            {0xC4, 0x0030'0000}},
                                           more)});
    forms.on_port.words = with(forms.on_port.words, {0xA0, 0x0002'0010 | after_msix});
    forms.conventional.words = with(without(forms.conventional.words, 0xA0, 0xC8), {0x90, 0x000F'0011 | after_msix});
    return forms;
}

inert_forms qemu_xhci() { return xhci({0x1B36, 0x000D, 0x0C0330, 1}, 0, {}); }

inert_forms nec_xhci() { return xhci({0x1033, 0x0194, 0x0C0330, 3}, 0x7000, {{0x70, 0x0088'0005}}); }

// --- Displays.

constexpr std::uint32_t k_vga_rom = 0xFFFF'0000;

inert_forms vga()
{
    return everywhere({{0x1234, 0x1111, 0x030000, 2}, 0, {{0, 0xFF00'0000, 8}, {2, 0xFFFF'F000}}, k_vga_rom});
}

inert_forms secondary_vga()
{
    return everywhere({{0x1234, 0x1111, 0x038000, 2}, 0, {{0, 0xFF00'0000, 8}, {2, 0xFFFF'F000}}});
}

inert_forms cirrus_vga()
{
    return everywhere({{0x1013, 0x00B8, 0x030000}, 0, {{0, 0xFE00'0000, 8}, {1, 0xFFFF'F000}}, k_vga_rom});
}

inert_forms qxl_vga()
{
    return everywhere({{0x1B36, 0x0100, 0x030000, 5},
                       1,
                       {{0, 0xFC00'0000}, {1, 0xFC00'0000}, {2, 0xFFFF'E000}, {3, 0xFFFF'FFE0, 1}},
                       k_vga_rom});
}

inert_forms bochs_display()
{
    inert_forms made = everywhere(
        {{0x1234, 0x1111, 0x038000, 2},
         0,
         {{0, 0xFF00'0000, 8}, {2, 0xFFFF'F000}},
         0xFFFF'8000,
         0x80,
         {{0x80, 0x0092'0010}, {0x84, 0x0000'8000}, {0x8C, 0x0000'0411}, {0x90, 0x0011'0000}, {0xA4, 0x0030'0000}}});
    made.on_port.words = with(made.on_port.words, {0x80, 0x0002'0010});
    made.conventional.capabilities = 0;
    made.conventional.words.clear();
    return made;
}

// --- virtio: transitional on a bus, modern behind a port of PCI Express.

constexpr std::uint16_t k_virtio_vendor = 0x1AF4;
constexpr std::uint16_t k_first_modern = 0x1040;
constexpr int k_no_msix = -1;

struct virtio_kind {
    std::uint16_t type; ///< virtio's number of the device
    std::uint16_t transitional_id;
    std::uint32_t class_code;
    std::uint32_t ports_mask; ///< of the I/O BAR
    int last_vector;          ///< of MSI-X; or k_no_msix
    std::uint32_t rom_mask = 0;
};

words virtio_regions()
{
    return {{0x40, 0x0110'0009}, {0x44, 4},
            {0x48, 0},           {0x4C, 0x0000'1000},
            {0x50, 0x0310'4009}, {0x54, 4},
            {0x58, 0x0000'1000}, {0x5C, 0x0000'1000},
            {0x60, 0x0410'5009}, {0x64, 4},
            {0x68, 0x0000'2000}, {0x6C, 0x0000'1000},
            {0x70, 0x0214'6009}, {0x74, 4},
            {0x78, 0x0000'3000}, {0x7C, 0x0000'1000},
            {0x80, 4},           {0x84, 0x0514'7009},
            {0x88, 0},           {0x8C, 0},
            {0x90, 0},           {0x94, 0}};
}

words modern_virtio_regions()
{
    return {{0x40, 0x0002'0010}, {0x44, 0x1000'8000}, {0x4C, 0x0000'0411}, {0x50, 0x0011'0000},
            {0x64, 0x0030'0000}, {0x7C, 0x0003'4001}, {0x84, 0x0110'7C09}, {0x88, 4},
            {0x8C, 0},           {0x90, 0x0000'1000}, {0x94, 0x0310'8409}, {0x98, 4},
            {0x9C, 0x0000'1000}, {0xA0, 0x0000'1000}, {0xA4, 0x0410'9409}, {0xA8, 4},
            {0xAC, 0x0000'2000}, {0xB0, 0x0000'1000}, {0xB4, 0x0214'A409}, {0xB8, 4},
            {0xBC, 0x0000'3000}, {0xC0, 0x0000'1000}, {0xC4, 4},           {0xC8, 0x0514'B409},
            {0xCC, 0},           {0xD0, 0},           {0xD4, 0},           {0xD8, 0}};
}

// The MSI-X capability at `offset`, before the one at `next`, whose table and pending bits are in BAR 1.
words msix(const virtio_kind& kind, std::uint8_t offset, std::uint8_t next)
{
    if (kind.last_vector == k_no_msix) return {};
    const auto last = static_cast<std::uint32_t>(kind.last_vector);
    const auto at = [offset](unsigned further) { return static_cast<std::uint8_t>(offset + further); };
    return {{offset, 0x11 | std::uint32_t{next} << 8 | last << 16}, {at(4), 1}, {at(8), 0x801}};
}

inert_forms virtio(const virtio_kind& kind)
{
    constexpr std::uint8_t k_last = 0x84;
    constexpr std::uint8_t k_msix = 0x98;
    constexpr std::uint8_t k_last_modern = 0xC8;
    constexpr std::uint8_t k_modern_msix = 0xDC;
    const bool has_msix = kind.last_vector != k_no_msix;
    const bars modern_bars =
        has_msix ? bars{{1, 0xFFFF'F000}, {4, 0xFFFF'C000, 0xC}, {5, k_all}} : bars{{4, 0xFFFF'C000, 0xC}, {5, k_all}};
    bars transitional_bars{{0, kind.ports_mask, 1}};
    transitional_bars.insert(transitional_bars.end(), modern_bars.begin(), modern_bars.end());
    const inert_header transitional{
        {k_virtio_vendor, kind.transitional_id, kind.class_code, 0, k_virtio_vendor, kind.type},
        1,
        transitional_bars,
        kind.rom_mask,
        has_msix ? k_msix : k_last,
        joined(virtio_regions(), msix(kind, k_msix, k_last))};
    const inert_header modern{
        {k_virtio_vendor, static_cast<std::uint16_t>(k_first_modern + kind.type), kind.class_code, 1},
        1,
        modern_bars,
        kind.rom_mask,
        has_msix ? k_modern_msix : k_last_modern,
        joined(modern_virtio_regions(), msix(kind, k_modern_msix, k_last_modern))};
    return {transitional, modern, transitional};
}

inert_forms virtio_net() { return virtio({1, 0x1000, 0x020000, 0xFFFF'FFE0, 3, 0xFFFC'0000}); }

inert_forms virtio_blk() { return virtio({2, 0x1001, 0x010000, 0xFFFF'FF80, 1}); }

inert_forms virtio_serial() { return virtio({3, 0x1003, 0x078000, 0xFFFF'FFC0, 1}); }

inert_forms virtio_rng() { return virtio({4, 0x1005, 0x00FF00, 0xFFFF'FFE0, 1}); }

inert_forms virtio_balloon() { return virtio({5, 0x1002, 0x00FF00, 0xFFFF'FFC0, k_no_msix}); }

inert_forms virtio_scsi() { return virtio({8, 0x1004, 0x010000, 0xFFFF'FFC0, 3}); }

inert_forms virtio_vga()
{
    return everywhere(
        {{k_virtio_vendor, 0x1050, 0x030000, 1},
         1,
         {{0, 0xFF80'0000, 8}, {2, 0xFFFF'C000, 0xC}, {3, k_all}, {4, 0xFFFF'F000}},
         k_vga_rom,
         0x98,
         {{0x40, 0x0110'0009}, {0x44, 2},           {0x48, 0x0000'1000}, {0x4C, 0x0000'0800}, {0x50, 0x0310'4009},
          {0x54, 2},           {0x58, 0x0000'1800}, {0x5C, 0x0000'0800}, {0x60, 0x0410'5009}, {0x64, 2},
          {0x68, 0x0000'2000}, {0x6C, 0x0000'1000}, {0x70, 0x0214'6009}, {0x74, 2},           {0x78, 0x0000'3000},
          {0x7C, 0x0000'1000}, {0x80, 4},           {0x84, 0x0514'7009}, {0x98, 0x0002'8411}, {0x9C, 4},
          {0xA0, 0x0000'0804}}});
}

// --- Network, storage, sound.

constexpr std::uint32_t k_network_rom = 0xFFFC'0000;

inert_forms e1000()
{
    return everywhere({{0x8086, 0x100E, 0x020000, 3}, 1, {{0, 0xFFFE'0000}, {1, 0xFFFF'FFC0, 1}}, k_network_rom});
}

inert_forms e1000e()
{
    inert_forms made = everywhere({{0x8086, 0x10D3, 0x020000, 0, 0x8086, 0},
                                   1,
                                   {{0, 0xFFFE'0000}, {1, 0xFFFE'0000}, {2, 0xFFFF'FFE0, 1}, {3, 0xFFFF'C000}},
                                   k_network_rom,
                                   0xC8,
                                   {{0xA0, 0x0004'0011},
                                    {0xA4, 0x0000'0003},
                                    {0xA8, 0x0000'2003},
                                    {0xC8, 0x0022'D001},
                                    {0xD0, 0x0080'E005},
                                    {0xE0, 0x0001'A010},
                                    {0xE4, 0x0000'8000},
                                    {0xEC, 0x0000'0411},
                                    {0xF0, 0x0011'0000}}});
    made.on_root.words = with(made.on_root.words, {0xE0, 0x0091'A010});
    return made;
}

inert_forms rtl8139()
{
    return everywhere({{0x10EC, 0x8139, 0x020000, 0x20},
                       1,
                       {{0, 0xFFFF'FF00, 1}, {1, 0xFFFF'FF00}},
                       k_network_rom,
                       0,
                       {{0x34, 0x0000'00DC}}});
}

inert_forms ahci()
{
    return everywhere({{0x8086, 0x2922, 0x010601, 2},
                       1,
                       {{4, 0xFFFF'FFE0, 1}, {5, 0xFFFF'F000}},
                       0,
                       0x80,
                       {{0x80, 0x0080'A805}, {0x90, 0x0000'0040}, {0xA8, 0x0010'0012}, {0xAC, 0x0000'0048}}});
}

inert_forms hda(std::uint16_t device_id, std::uint8_t revision)
{
    return everywhere({{0x8086, device_id, 0x040300, revision},
                       1,
                       {{0, 0xFFFF'C000}},
                       0,
                       0x60,
                       {{0x40, 0x0000'0001}, {0x60, 0x0080'0005}}});
}

inert_forms intel_hda() { return hda(0x2668, 1); }

inert_forms ich9_intel_hda() { return hda(0x293E, 3); }

// --- The rows.

template <inert_forms (*Forms)()>
made_device make_function(const char* name, const device_surroundings& around, const property_values&)
{
    const inert_forms forms = Forms();
    const inert_header& header = around.position == pci_position::express_port   ? forms.on_port
                                 : around.position == pci_position::root_complex ? forms.on_root
                                                                                 : forms.conventional;
    return handed_over(std::make_unique<inert_function<bus::pci_function>>(name, header));
}

template <inert_header (*Header)(), const bus::pci_bridge_parameters& Parameters>
made_device make_bridge(const char* name, const device_surroundings& /*around*/, const property_values&)
{
    return handed_over(std::make_unique<inert_function<bus::pci_bridge>>(name, Header(), Parameters));
}

made_device make_nothing(const char* /*name*/, const device_surroundings&, const property_values&) { return {}; }

using maker = made_device (*)(const char*, const device_surroundings&, const property_values&);

device_row inert(std::string_view name, maker make, std::string_view properties = {},
                 std::optional<device_bus> brings = {}, device_bus on = device_bus::pci)
{
    device_row row{name, on, properties_in(properties), make};
    row.brings = brings;
    row.is_inert = true;
    return row;
}

device_row on_bus(device_bus bus, std::string_view name, std::string_view properties)
{
    return inert(name, make_nothing, properties, {}, bus);
}

constexpr std::string_view k_port_properties =
    "aer_log_max:uint16=8 chassis:uint8=0 disable-acs:bool=false hotplug:bool=true port:uint8=0 "
    "power_controller_present:switch=true slot:uint16=0 x-native-hotplug:bool=true";
constexpr std::string_view k_reserves =
    "bus-reserve:uint32=4294967295 io-reserve:size=18446744073709551615 mem-reserve:size=18446744073709551615 "
    "pref32-reserve:size=18446744073709551615 pref64-reserve:size=18446744073709551615";
constexpr std::string_view k_virtio_properties =
    "aer:switch=false any_layout:switch=true ats:switch=false disable-legacy:OnOffAuto=auto disable-modern:bool=false "
    "event_idx:switch=true indirect_desc:switch=true iommu_platform:switch=false migrate-extra:switch=true "
    "modern-pio-notify:switch=false notify_on_empty:switch=true packed:switch=false page-per-vq:switch=false "
    "queue_reset:switch=true use-disabled-flag:bool=true use-started:bool=true "
    "virtio-pci-bus-master-bug-migration:switch=false x-ats-page-aligned:switch=true x-disable-legacy-check:bool=false "
    "x-disable-pcie:switch=false x-ignore-backend-features:bool=false x-pcie-deverr-init:switch=true "
    "x-pcie-flr-init:switch=true x-pcie-lnkctl-init:switch=true x-pcie-pm-init:switch=true";
constexpr std::string_view k_drive_properties =
    "account-failed:OnOffAuto=auto account-invalid:OnOffAuto=auto backend_defaults:OnOffAuto=auto bootindex:int32 "
    "discard_granularity:size=4294967295 drive:drive logical_block_size:block-size=0 min_io_size:size=0 "
    "opt_io_size:size=0 physical_block_size:block-size=0 rerror:BlockdevOnError=auto serial:str share-rw:bool=false "
    "werror:BlockdevOnError=auto write-cache:OnOffAuto=auto";
constexpr std::string_view k_geometry =
    "cyls:uint32=0 heads:uint32=0 lcyls:uint32=0 lheads:uint32=0 lsecs:uint32=0 secs:uint32=0";
constexpr std::string_view k_uhci_properties =
    "bandwidth:uint32=1280 firstport:uint32=0 masterbus:str maxframes:uint32=128";
constexpr std::string_view k_usb_properties =
    "attached:bool msos-desc:switch=true pcap:str port:str serial:str usb_version:uint32=2";

device_row also_called(std::string_view alias, device_row row)
{
    row.alias = alias;
    return row;
}

// Adds properties to those of a row, in the order of their names.
device_row with(device_row row, std::string_view more)
{
    const auto added = properties_in(more);
    row.properties.insert(row.properties.end(), added.begin(), added.end());
    const auto by_name = [](const device_property& a, const device_property& b) { return a.name < b.name; };
    std::sort(row.properties.begin(), row.properties.end(), by_name);
    return row;
}

std::vector<device_row> bridge_rows()
{
    const auto pci = device_bus::pci;
    return {with(with(inert("pcie-root-port", make_bridge<root_port, k_port>, k_port_properties, pci), k_reserves),
                 "x-migrate-msix:bool=true x-speed:PCIELinkSpeed=16 x-width:PCIELinkWidth=32"),
            inert("pcie-pci-bridge", make_bridge<pcie_pci_bridge, k_bridge>, "msi:OnOffAuto=auto", pci),
            with(inert("pci-bridge", make_bridge<pci_bridge, k_bridge>, k_reserves, pci),
                 "chassis_nr:uint8=0 msi:OnOffAuto=auto shpc:switch=true"),
            inert("ioh3420", make_bridge<ioh3420, k_port>, k_port_properties, pci),
            inert("i82801b11-bridge", make_bridge<i82801b11_bridge, k_bridge>, {}, pci)};
}

std::vector<device_row> usb_rows()
{
    const auto usb = device_bus::usb;
    return {inert("piix3-usb-uhci", make_function<piix3_uhci>, "bandwidth:uint32=1280 maxframes:uint32=128", usb),
            inert("ich9-usb-ehci1", make_function<ich9_ehci1>, "maxframes:uint32=128", usb),
            inert("ich9-usb-uhci1", make_function<ich9_uhci1>, k_uhci_properties, usb),
            inert("ich9-usb-uhci2", make_function<ich9_uhci2>, k_uhci_properties, usb),
            inert("ich9-usb-uhci3", make_function<ich9_uhci3>, k_uhci_properties, usb),
            inert("qemu-xhci", make_function<qemu_xhci>,
                  "host:link<device> p2:uint32=4 p3:uint32=4 streams:switch=true", usb),
            inert("nec-usb-xhci", make_function<nec_xhci>,
                  "force-pcie-endcap:switch=false host:link<device> intrs:uint32=16 msi:OnOffAuto=auto "
                  "msix:OnOffAuto=auto p2:uint32=4 p3:uint32=4 slots:uint32=64 streams:switch=true "
                  "superspeed-ports-first:switch=true",
                  usb),
            with(on_bus(usb, "usb-tablet", k_usb_properties), "display:str head:uint32=0"),
            with(on_bus(usb, "usb-kbd", k_usb_properties), "display:str"),
            on_bus(usb, "usb-mouse", k_usb_properties)};
}

std::vector<device_row> display_rows()
{
    return {
        inert("VGA", make_function<vga>,
              "big-endian-framebuffer:bool edid:switch=true global-vmstate:bool=false mmio:switch=true "
              "qemu-extended-regs:switch=true refresh_rate:uint32=0 vgamem_mb:uint32=16 xmax:uint32=0 xres:uint32=0 "
              "ymax:uint32=0 yres:uint32=0"),
        inert("cirrus-vga", make_function<cirrus_vga>,
              "blitter:bool=true global-vmstate:bool=false vgamem_mb:uint32=4"),
        inert("qxl-vga", make_function<qxl_vga>,
              "cmdlog:uint32=0 debug:uint32=0 global-vmstate:bool=false guestdebug:uint32=0 max_outputs:uint16=0 "
              "ram_size:uint32=67108864 ram_size_mb:uint32=4294967295 revision:uint32=5 surfaces:int32=1024 "
              "vgamem_mb:uint32=16 vram64_size_mb:uint32=4294967295 vram_size:uint64=67108864 "
              "vram_size_mb:uint32=4294967295 xres:uint32=0 yres:uint32=0"),
        with(inert("virtio-vga", make_function<virtio_vga>, k_virtio_properties),
             "big-endian-framebuffer:bool blob:switch=false edid:switch=true ioeventfd:switch=false "
             "max_hostmem:size=268435456 max_outputs:uint32=1 vectors:uint32=3 xres:uint32=1280 yres:uint32=800"),
        inert("bochs-display", make_function<bochs_display>,
              "big-endian-framebuffer:bool edid:bool=true refresh_rate:uint32=0 vgamem:size=16777216 xmax:uint32=0 "
              "xres:uint32=0 ymax:uint32=0 yres:uint32=0"),
        inert("secondary-vga", make_function<secondary_vga>,
              "big-endian-framebuffer:bool edid:switch=true qemu-extended-regs:switch=true refresh_rate:uint32=0 "
              "vgamem_mb:uint32=16 xmax:uint32=0 xres:uint32=0 ymax:uint32=0 yres:uint32=0")};
}

std::vector<device_row> virtio_rows()
{
    return {
        with(inert("virtio-balloon-pci", make_function<virtio_balloon>, k_virtio_properties),
             "deflate-on-oom:switch=false free-page-hint:switch=false free-page-reporting:switch=false "
             "guest-stats-polling-interval:int32 iothread:link<iothread> page-poison:switch=true "
             "qemu-4-0-config-size:bool=false"),
        with(inert("virtio-scsi-pci", make_function<virtio_scsi>, k_virtio_properties, device_bus::scsi),
             "cmd_per_lun:uint32=128 hotplug:switch=true ioeventfd:switch=true iothread:link<iothread> "
             "max_sectors:uint32=65535 num_queues:uint32=4294967295 param_change:switch=true seg_max_adjust:bool=true "
             "vectors:uint32=4294967295 virtqueue_size:uint32=256"),
        with(inert("virtio-net-pci", make_function<virtio_net>, k_virtio_properties),
             "bootindex:int32 csum:switch=true ctrl_guest_offloads:switch=true ctrl_mac_addr:switch=true "
             "ctrl_rx:switch=true ctrl_rx_extra:switch=true ctrl_vlan:switch=true ctrl_vq:switch=true duplex:str "
             "failover:bool=false gso:switch=true guest_announce:switch=true guest_csum:switch=true "
             "guest_ecn:switch=true guest_rsc_ext:switch=false guest_tso4:switch=true guest_tso6:switch=true "
             "guest_ufo:switch=true hash:switch=false host_ecn:switch=true host_mtu:uint16=0 host_tso4:switch=true "
             "host_tso6:switch=true host_ufo:switch=true ioeventfd:switch=true mac:mac mq:switch=false "
             "mrg_rxbuf:switch=true netdev:netdev rsc_interval:uint32=300000 rss:switch=false rx_queue_size:uint16=256 "
             "speed:int32=-1 status:switch=true tx:str tx_queue_size:uint16=256 vectors:uint32=4294967295 "
             "x-mtu-bypass-backend:bool=true x-txburst:int32=256 x-txtimer:uint32=150000"),
        with(inert("virtio-serial-pci", make_function<virtio_serial>, k_virtio_properties, device_bus::virtio_serial),
             "class:uint32=0 emergency-write:switch=true ioeventfd:switch=true max_ports:uint32=31 vectors:uint32=2"),
        with(inert("virtio-rng-pci", make_function<virtio_rng>, k_virtio_properties),
             "ioeventfd:switch=true max-bytes:uint64=9223372036854775807 period:uint32=65536 rng:link<rng-backend> "
             "vectors:uint32=4294967295"),
        with(with(with(inert("virtio-blk-pci", make_function<virtio_blk>, k_virtio_properties), k_drive_properties),
                  k_geometry),
             "class:uint32=0 config-wce:switch=true discard:switch=true ioeventfd:switch=true iothread:link<iothread> "
             "max-discard-sectors:uint32=4194303 max-write-zeroes-sectors:uint32=4194303 num-queues:uint16=65535 "
             "queue-size:uint16=256 report-discard-granularity:bool=true request-merging:switch=true scsi:switch=false "
             "seg-max-adjust:bool=true vectors:uint32=4294967295 write-zeroes:switch=true "
             "x-enable-wce-if-config-wce:bool=true"),
        on_bus(device_bus::virtio_serial, "virtserialport", "chardev:chardev name:str nr:uint32=4294967295")};
}

std::vector<device_row> other_rows()
{
    constexpr std::string_view k_network = "bootindex:int32 mac:mac netdev:netdev";
    constexpr std::string_view k_hda = "debug:uint32=0 msi:OnOffAuto=auto old_msi_addr:bool=false";
    constexpr std::string_view k_scsi =
        "channel:uint32=0 device_id:str lun:uint32=4294967295 max_io_size:uint64=2147483647 port_index:uint16=0 "
        "port_wwn:uint64=0 product:str quirk_mode_page_vendor_specific_apple:switch=false scsi-id:uint32=4294967295 "
        "scsi_version:int32=5 vendor:str ver:str wwn:uint64=0";
    constexpr std::string_view k_ide = "model:str unit:uint32=4294967295 ver:str wwn:uint64=0";
    constexpr std::string_view k_codec =
        "audiodev:audiodev cad:uint32=4294967295 debug:uint32=0 mixer:bool=true use-timer:bool=true";
    const auto drive = [](device_bus bus, std::string_view name, std::string_view own) {
        return with(on_bus(bus, name, k_drive_properties), own);
    };
    return {with(inert("e1000", make_function<e1000>, k_network),
                 "autonegotiation:switch=true extra_mac_registers:switch=true init-vet:switch=true "
                 "migrate_tso_props:switch=true mitigation:switch=true"),
            with(inert("e1000e", make_function<e1000e>, k_network),
                 "disable_vnet_hdr:uint8=0 init-vet:bool=true subsys:uint16=0 subsys_ven:uint16=32902"),
            inert("rtl8139", make_function<rtl8139>, k_network),
            also_called("ahci", inert("ich9-ahci", make_function<ahci>, {}, device_bus::ide)),
            inert("intel-hda", make_function<intel_hda>, k_hda, device_bus::hda),
            inert("ich9-intel-hda", make_function<ich9_intel_hda>, k_hda, device_bus::hda),
            with(with(drive(device_bus::scsi, "scsi-hd", k_scsi), k_geometry),
                 "dpofua:switch=false max_unmap_size:uint64=1073741824 removable:switch=false rotation_rate:uint16=0"),
            with(drive(device_bus::scsi, "scsi-cd", k_scsi),
                 "quirk_mode_page_apple_vendor:switch=false quirk_mode_page_truncated:switch=false "
                 "quirk_mode_sense_rom_use_dbd:switch=false"),
            with(with(drive(device_bus::ide, "ide-hd", k_ide), k_geometry),
                 "bios-chs-trans:BiosAtaTranslation=auto rotation_rate:uint16=0"),
            drive(device_bus::ide, "ide-cd", k_ide),
            on_bus(device_bus::hda, "hda-duplex", k_codec),
            on_bus(device_bus::hda, "hda-micro", k_codec),
            on_bus(device_bus::hda, "hda-output", k_codec),
            on_bus(device_bus::isa, "isa-serial",
                   "baudbase:uint32=115200 chardev:chardev index:uint32=4294967295 iobase:uint32=4294967295 "
                   "irq:uint32=4294967295 wakeup:bool=false"),
            on_bus(device_bus::isa, "isa-parallel",
                   "chardev:chardev index:uint32=4294967295 iobase:uint32=4294967295 irq:uint32=7"),
            on_bus(device_bus::isa, "isa-debugcon", "chardev:chardev iobase:uint32=233 readback:uint32=233")};
}

} // namespace

std::vector<device_row> inert_rows()
{
    std::vector<device_row> all;
    for (const auto& part : {bridge_rows(), usb_rows(), display_rows(), virtio_rows(), other_rows()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    const auto is_one_of = [](std::string_view name, std::initializer_list<std::string_view> names) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (device_row& row : all) {
        row.hotpluggable = !is_one_of(row.name, {"VGA", "cirrus-vga", "qxl-vga", "virtio-vga"});
        row.conventional = !is_one_of(row.name, {"pcie-root-port", "pcie-pci-bridge", "ioh3420", "e1000e"});
        row.express =
            !row.conventional || is_one_of(row.name, {"qemu-xhci", "nec-usb-xhci", "virtio-vga", "bochs-display"});
        constexpr std::string_view k_suffix = "-pci";
        const bool is_virtio = row.name.substr(0, 7) == "virtio-" && row.name.size() > k_suffix.size() &&
                               row.name.substr(row.name.size() - k_suffix.size()) == k_suffix;
        if (!is_virtio) continue;
        row.express = true;
        row.alias = row.name.substr(0, row.name.size() - k_suffix.size());
    }
    return all;
}

} // namespace vigil::sim
