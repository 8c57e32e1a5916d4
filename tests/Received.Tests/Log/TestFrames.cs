using System.IO.Hashing;
using Received.Log;

namespace Received.Tests.Log;

/// <summary>Sound frames around random payload: the log looks at no more than header and checksums.</summary>
static class TestFrames
{
    public static byte[] Make(int partition, long number, int payloadBytes, Random random)
    {
        var frame = new byte[FrameHeader.Bytes + payloadBytes];
        random.NextBytes(frame.AsSpan(FrameHeader.Bytes));
        new FrameHeader(
            FrameHeader.CurrentVersion, FrameKind.Events, false, new((ushort)partition), 1, payloadBytes, payloadBytes,
            1, number, 1_700_000_000_000 + number, XxHash3.HashToUInt64(frame.AsSpan(FrameHeader.Bytes))).Write(frame);
        return frame;
    }
}
