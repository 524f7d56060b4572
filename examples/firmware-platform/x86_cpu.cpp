// SPDX-License-Identifier: Apache-2.0
#include "x86_cpu.h"

#include <vigil/bus/little_endian.h>

#include <array>
#include <cstddef>
#include <cstring>

#include <x86emu.h>

namespace {

constexpr std::uint8_t k_nmi = 2;
// All registers but the MSRs: what stands before them.
constexpr std::size_t k_register_bytes = offsetof(x86emu_regs_t, msr);

x86_cpu& owner_of(x86emu_t* emu) { return *static_cast<x86_cpu*>(emu->_private); }

} // namespace

x86_cpu::x86_cpu(const sc_core::sc_module_name& name, vigil::runstate::controller& machine, sc_core::sc_time period)
    : sc_module(name), machine_(machine), period_(period), emu_(x86emu_new(0, 0))
{
    emu_->_private = this;
    x86emu_set_memio_handler(emu_, on_access);
    x86emu_set_intr_handler(emu_, on_interrupt);
    x86emu_set_cpuid_handler(emu_, on_cpuid);
    memory.register_invalidate_direct_mem_ptr(this, &x86_cpu::forget_direct_memory);
    machine.add_nmi_sink(gate_);
    machine.add_snapshottable(*this);
    SC_HAS_PROCESS(x86_cpu);
    SC_THREAD(run);
}

x86_cpu::~x86_cpu() { x86emu_done(emu_); }

void x86_cpu::run()
{
    keeper_.reset();
    for (;;) {
        if (gate_.attention() || keeper_.need_sync() || halted_) {
            gate_.sync(keeper_);
            if (gate_.take_reset()) reset();
            if (gate_.take_nmi()) {
                halted_ = false;
                x86emu_intr_raise(emu_, k_nmi, INTR_TYPE_SOFT, 0);
            }
        }
        if (halted_) {
            wait(gate_.changed());
            continue;
        }
        execute_one();
        keeper_.inc(period_);
    }
}

void x86_cpu::reset()
{
    const std::uint64_t executed = emu_->x86.R_TSC;
    x86emu_reset(emu_);
    emu_->x86.R_TSC = executed;
    halted_ = false;
}

void x86_cpu::execute_one()
{
    const bool interrupted = emu_->x86.intr_type != 0; // which the emulator takes after the instruction
    emu_->max_instr = emu_->x86.R_TSC + 1;
    x86emu_run(emu_, X86EMU_RUN_MAX_INSTR);
    halted_ = (emu_->x86.mode & _MODE_HALTED) != 0 && !interrupted;
}

unsigned x86_cpu::on_access(x86emu_t* emu, std::uint32_t address, std::uint32_t* value, unsigned type)
{
    constexpr std::array<unsigned, 4> k_widths{1, 2, 4, 1}; // by X86EMU_MEMIO_8 …
    const unsigned width = k_widths[type & 3];
    const unsigned what = type & ~0xFFU;
    const bool write = what == X86EMU_MEMIO_W || what == X86EMU_MEMIO_O;
    const auto command = write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND;
    x86_cpu& cpu = owner_of(emu);

    std::array<std::uint8_t, 4> bytes{};
    vigil::bus::store_little_endian(bytes.data(), width, *value);
    const bool is_port = what == X86EMU_MEMIO_I || what == X86EMU_MEMIO_O;
    const bool done = is_port ? cpu.transport(cpu.ports, command, address, bytes.data(), width)
                              : cpu.access_memory(command, address, bytes.data(), width);
    if (!write) *value = static_cast<std::uint32_t>(vigil::bus::load_little_endian(bytes.data(), width));
    return done ? 0 : 1;
}

bool x86_cpu::access_memory(tlm::tlm_command command, std::uint32_t address, std::uint8_t* bytes, unsigned width)
{
    const bool write = command == tlm::TLM_WRITE_COMMAND;
    const bool allowed = write ? direct_memory_.is_write_allowed() : direct_memory_.is_read_allowed();
    if (allowed && address >= direct_memory_.get_start_address() &&
        address + std::uint64_t{width} - 1 <= direct_memory_.get_end_address()) {
        unsigned char* const there = direct_memory_.get_dmi_ptr() + (address - direct_memory_.get_start_address());
        std::memcpy(write ? there : bytes, write ? bytes : there, width);
        return true;
    }
    const bool done = transport(memory, command, address, bytes, width);
    if (payload_.is_dmi_allowed()) memory->get_direct_mem_ptr(payload_, direct_memory_);
    return done;
}

bool x86_cpu::transport(socket& to, tlm::tlm_command command, std::uint64_t address, std::uint8_t* bytes,
                        unsigned width)
{
    payload_.set_command(command);
    payload_.set_address(address);
    payload_.set_data_ptr(bytes);
    payload_.set_data_length(width);
    payload_.set_streaming_width(width);
    payload_.set_dmi_allowed(false);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    sc_core::sc_time local = keeper_.get_local_time(); // when the access happens
    to->b_transport(payload_, local);
    keeper_.set(local);
    return payload_.is_response_ok();
}

void x86_cpu::forget_direct_memory(sc_dt::uint64 /*first*/, sc_dt::uint64 /*last*/) { direct_memory_.init(); }

// Returns whether the exception or interrupt is dealt with; where not, the emulator calls the handler in the IDT.
int x86_cpu::on_interrupt(x86emu_t* emu, std::uint8_t vector, unsigned /*type*/)
{
    constexpr std::uint8_t k_invalid_opcode = 6;
    constexpr std::uint8_t k_wrmsr = 0x30;
    constexpr std::uint8_t k_rdmsr = 0x32;
    x86_cpu& cpu = owner_of(emu);
    const auto* const code = emu->x86.instr_buf;
    // The emulator has no MSRs from 800h on, and makes them an invalid opcode; which it stays where we have none.
    if (vector == k_invalid_opcode && code[0] == 0x0F && (code[1] == k_wrmsr || code[1] == k_rdmsr)) {
        if (cpu.access_msr(code[1] == k_wrmsr ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND)) return 1;
    }
    if (vector * 8U + 7 <= emu->x86.R_IDT_LIMIT) return 0;
    cpu.machine_.triple_fault(); // no gate, nor one for the exceptions that follow from that
    return 1;
}

bool x86_cpu::access_msr(tlm::tlm_command command)
{
    std::array<std::uint8_t, 8> bytes{};
    vigil::bus::store_little_endian(&bytes[0], 4, emu_->x86.R_EAX);
    vigil::bus::store_little_endian(&bytes[4], 4, emu_->x86.R_EDX);
    if (!transport(msrs, command, emu_->x86.R_ECX, bytes.data(), 8)) return false;
    if (command == tlm::TLM_READ_COMMAND) {
        emu_->x86.R_EAX = static_cast<std::uint32_t>(vigil::bus::load_little_endian(&bytes[0], 4));
        emu_->x86.R_EDX = static_cast<std::uint32_t>(vigil::bus::load_little_endian(&bytes[4], 4));
    }
    return true;
}

void x86_cpu::on_cpuid(x86emu_t* emu)
{
    const x86_cpu& cpu = owner_of(emu);
    const std::uint32_t number = emu->x86.R_EAX;
    vigil::models::cpuid_leaf leaf;
    if (number == 0) leaf = {1, 0x69676956, 0x656C706D, 0x6178456C}; // the highest leaf, and "VigilExample"
    if (number == 1 && cpu.hypervisor) leaf.ecx = vigil::models::k_cpuid_1_ecx_hypervisor;
    if (cpu.hypervisor) leaf = cpu.hypervisor(number).value_or(leaf);
    emu->x86.R_EAX = leaf.eax;
    emu->x86.R_EBX = leaf.ebx;
    emu->x86.R_ECX = leaf.ecx;
    emu->x86.R_EDX = leaf.edx;
}

std::vector<vigil::runstate::property> x86_cpu::properties()
{
    return {
        {"instructions", "uint64", "Executed since power-on.", [this] { return std::uint64_t{emu_->x86.R_TSC}; }, {}},
        {"eip", "uint32", "The next instruction.", [this] { return std::uint64_t{emu_->x86.R_EIP}; }, {}},
        {"halted", "bool", "Whether it waits for an NMI or a reset.", [this] { return halted_; }, {}},
    };
}

vigil::runstate::saved_state x86_cpu::save() const
{
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&emu_->x86);
    return {{"instructions", std::uint64_t{emu_->x86.R_TSC}},
            {"halted", std::uint64_t{halted_}},
            {"registers", std::vector<std::uint8_t>(first, first + k_register_bytes)}};
}

vigil::runstate::prepared_restore x86_cpu::prepare(const vigil::runstate::saved_state& saved)
{
    vigil::runstate::saved_state_reader in(section(), saved, 3);
    const std::uint64_t instructions = in.number("instructions", 0, UINT64_MAX);
    const bool halted = in.number("halted", 0, 1) != 0;
    const std::vector<std::uint8_t> registers = in.bytes("registers", k_register_bytes);
    if (in.fault()) return *in.fault();
    return [this, instructions, halted, registers] {
        std::memcpy(&emu_->x86, registers.data(), registers.size());
        emu_->x86.R_TSC = instructions;
        halted_ = halted;
    };
}
