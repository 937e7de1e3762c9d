# What Doxygen reads of the public headers.
# Inline namespaces are part of the binary interface, not of the names that users write.
s/namespace weft::inline v0/namespace weft/
s/inline namespace WEFT_TRANSFER_NAMESPACE {/extern "C++" {/
# The labelled lines of a doc comment (lib/README.md, "Comments") become paragraphs with a title.
s,^\( *///\) \(Pre\|Post\|Threads\|Resumes\|Lifetime\|Errors\|Cost\|Source\|Example\): *,\1 @labelled{\2} ,
