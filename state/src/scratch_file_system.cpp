#include "scratch_file_system.hpp"

#include <string>
#include <utility>

#include <rocksdb/file_system.h>

namespace weir {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class ScratchFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  using FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

class ScratchDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  using FSDirectoryWrapper::FSDirectoryWrapper;
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*, const rocksdb::DirFsyncOptions&) override {
    return IOStatus::OK();
  }
};

class ScratchFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  ScratchFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "ScratchFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* context) override {
    return unsynced(target()->NewWritableFile(name, options, file, context), *file);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file,
                              IODebugContext* context) override {
    return unsynced(target()->ReopenWritableFile(name, options, file, context), *file);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* context) override {
    IOStatus status = target()->NewDirectory(name, options, directory, context);
    if (status.ok()) *directory = std::make_unique<ScratchDirectory>(std::move(*directory));
    return status;
  }

 private:
  static IOStatus unsynced(IOStatus status, std::unique_ptr<rocksdb::FSWritableFile>& file) {
    if (status.ok()) file = std::make_unique<ScratchFile>(std::move(file));
    return status;
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> make_scratch_environment() {
  return rocksdb::NewCompositeEnv(std::make_shared<ScratchFileSystem>());
}

}  // namespace weir
