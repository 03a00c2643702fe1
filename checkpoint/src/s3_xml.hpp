#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The texts of all elements of that name, however deep they lie, as they are in the document: entities not resolved. Enough for S3's answers,
/// which have neither attributes that matter nor comments.
std::vector<std::string_view> xml_elements(std::string_view document, std::string_view name);
/// Of the first element of that name, entities resolved; empty where there is none.
std::string xml_text(std::string_view document, std::string_view name);

}  // namespace weir
