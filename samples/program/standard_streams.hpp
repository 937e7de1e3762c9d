/// @file
/// Standard output as something that can be closed or full.
#pragma once

namespace program {

/// Puts something in the place of standard streams that are closed, before a file is opened.
///
/// Otherwise the next file to be opened would get the number of a standard stream, and messages
/// would be written into it.
void occupy_standard_streams();

/// Writes out what was printed.
///
/// Errors: std::runtime_error, for instance when the disk is full or standard output is closed.
void finish_standard_output();

}  // namespace program
