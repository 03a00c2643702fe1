#include <fstream>

#include <fmt/format.h>

#include "s3_client.hpp"
#include "s3_xml.hpp"

namespace weir {

namespace {

/// Reads a part of a file; shorter at its end.
std::string read_part(std::ifstream& file, const std::filesystem::path& path, std::size_t bytes) {
  std::string part(bytes, '\0');
  file.read(part.data(), static_cast<std::streamsize>(bytes));
  if (file.bad()) throw std::system_error(EIO, std::generic_category(), "cannot read " + path.string());
  part.resize(static_cast<std::size_t>(file.gcount()));
  return part;
}

std::ifstream open(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
  return file;
}

}  // namespace

void S3Client::put_file(const std::string& key, const std::filesystem::path& path, std::uint64_t bytes) {
  if (bytes <= address_.part_bytes) {
    std::ifstream file = open(path);
    put(key, read_part(file, path, bytes));
    return;
  }
  S3Request begin = request("POST", key);
  begin.query = {{"uploads", ""}};
  const std::string upload = xml_text(expect(std::move(begin), {200}).body, "UploadId");
  try {
    upload_parts(key, upload, path);
  } catch (...) {
    try {
      abort_upload(address_.prefix + key, upload);
    } catch (const S3Failure&) {  // whoever claims the place next does it
    }
    throw;
  }
}

void S3Client::upload_parts(const std::string& key, const std::string& upload,
                            const std::filesystem::path& path) {
  std::ifstream file = open(path);
  std::string parts;
  for (std::size_t number = 1;; ++number) {
    std::string part = read_part(file, path, address_.part_bytes);
    if (part.empty()) break;
    parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number,
                         upload_part(key, upload, number, std::move(part)));
  }
  S3Request complete = request("POST", key);
  complete.query = {{"uploadId", upload}};
  complete.body = fmt::format("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts);
  const S3Response response = expect(std::move(complete), {200, 404});
  // Completed before, by a request whose answer was lost; or the upload is really not there.
  if (response.status == 404 && !bytes_of(key))
    throw S3Failure(404, fmt::format("the upload of {} is gone", key));
  // The answer begins before the work is done, so that an error can come behind a 200.
  if (const std::string code = xml_text(response.body, "Code"); response.status == 200 && !code.empty())
    throw S3Failure(500, fmt::format("the upload of {} could not be completed: {}", key, code));
}

std::string S3Client::upload_part(const std::string& key, const std::string& upload, std::size_t number,
                                  std::string part) {
  S3Request put = request("PUT", key);
  put.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  put.body = std::move(part);
  const S3Response response = expect(std::move(put), {200});
  const auto etag = response.headers.find("etag");
  return etag == response.headers.end() ? "" : etag->second;
}

void S3Client::abort_upload(const std::string& full_key, const std::string& upload) {
  S3Request abort = request("DELETE", "");
  abort.path = fmt::format("/{}/{}", address_.bucket, full_key);
  abort.query = {{"uploadId", upload}};
  expect(std::move(abort), {200, 204, 404});
}

void S3Client::abort_uploads(const std::function<bool(const std::string& key)>& of) {
  S3Request wanted = request("GET", "");
  wanted.path = fmt::format("/{}", address_.bucket);
  wanted.query = {{"uploads", ""}, {"prefix", address_.prefix}};
  const S3Response response = expect(std::move(wanted), {200, 404, 501});
  for (const std::string_view upload : xml_elements(response.body, "Upload")) {
    const std::string key = xml_text(upload, "Key");
    if (key.starts_with(address_.prefix) && of(key.substr(address_.prefix.size())))
      abort_upload(key, xml_text(upload, "UploadId"));
  }
}

}  // namespace weir
