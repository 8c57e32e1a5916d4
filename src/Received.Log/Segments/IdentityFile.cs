using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using Received.Model;

namespace Received.Log.Segments;

/// <summary>The log's identity, written once, in two copies of which one must be sound.</summary>
static class IdentityFile
{
    public const string Name = "log.identity";

    // Copies a disk page apart: they do not share a sector.
    const int CopyBytes = 4096;
    const uint Magic = 0x49564352;
    const byte Version = 1;
    const int ChecksumAt = 56;

    /// <summary>The stored identity, or a new one where the folder has neither identity nor segments.</summary>
    /// <exception cref="LogRefusedException">Broken, missing beside segments, or made with other settings.</exception>
    public static LogIdentity ReadOrMake(FileLayer files, SegmentLogOptions options, bool hasSegments)
    {
        var path = Path.Combine(options.Folder, Name);
        var bytes = files.ReadWhole(path);
        if (bytes is null && !hasSegments) return Make(files, options, path);
        var identity = bytes is null ? null : Read(bytes);
        if (identity is null)
        {
            throw new LogRefusedException(
                $"The log in {options.Folder} has segments but {(bytes is null ? "no" : "a broken")} file {Name}: "
                + "restore that file from a copy, or give another folder.");
        }

        Compare(identity, options);
        return identity;
    }

    static void Compare(LogIdentity identity, SegmentLogOptions options)
    {
        if (identity.PartitionCount != options.PartitionCount)
        {
            throw new LogRefusedException(
                $"Log PartitionCount is {options.PartitionCount}, but the log in {options.Folder} was made with "
                + $"{identity.PartitionCount}, which decides where customers live: "
                + $"set it to {identity.PartitionCount}.");
        }

        if (identity.DedupeWindow != options.DedupeWindow)
        {
            throw new LogRefusedException(
                $"Log DedupeWindow is {options.DedupeWindow}, but the log in {options.Folder} was made with "
                + $"{identity.DedupeWindow}, which decides what is a duplicate: set it to {identity.DedupeWindow}.");
        }
    }

    static LogIdentity Make(FileLayer files, SegmentLogOptions options, string path)
    {
        Span<byte> random = stackalloc byte[24];
        RandomNumberGenerator.Fill(random);
        var identity = new LogIdentity(
            new Guid(random[..16]), 1, options.PartitionCount, options.DedupeWindow,
            BinaryPrimitives.ReadInt64LittleEndian(random[16..]));
        files.WriteWhole(path, ToBytes(identity));
        return identity;
    }

    static byte[] ToBytes(LogIdentity identity)
    {
        var file = new byte[CopyBytes * 2];
        BinaryPrimitives.WriteUInt32LittleEndian(file, Magic);
        file[4] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(6), identity.Generation);
        identity.Id.TryWriteBytes(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), identity.PartitionCount);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(32), identity.DedupeWindow.Ticks);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), identity.HashSeed);
        BinaryPrimitives.WriteUInt64LittleEndian(
            file.AsSpan(ChecksumAt), XxHash3.HashToUInt64(file.AsSpan(0, ChecksumAt)));
        file.AsSpan(0, CopyBytes).CopyTo(file.AsSpan(CopyBytes));
        return file;
    }

    static LogIdentity? Read(ReadOnlySpan<byte> file) =>
        file.Length < CopyBytes * 2 ? null : ReadCopy(file[..CopyBytes]) ?? ReadCopy(file[CopyBytes..]);

    static LogIdentity? ReadCopy(ReadOnlySpan<byte> copy) =>
        BinaryPrimitives.ReadUInt32LittleEndian(copy) != Magic || copy[4] != Version
        || BinaryPrimitives.ReadUInt64LittleEndian(copy[ChecksumAt..]) != XxHash3.HashToUInt64(copy[..ChecksumAt])
            ? null
            : new(
                new Guid(copy.Slice(8, 16)),
                BinaryPrimitives.ReadUInt16LittleEndian(copy[6..]),
                BinaryPrimitives.ReadInt32LittleEndian(copy[24..]),
                new TimeSpan(BinaryPrimitives.ReadInt64LittleEndian(copy[32..])),
                BinaryPrimitives.ReadInt64LittleEndian(copy[40..]));
}
