using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Segments;

namespace Received.Tests.Log;

/// <summary>The embedded log on files in memory, in segments that hold a few frames only.</summary>
public sealed class SegmentLogOnForgetfulFilesTests : LogContract
{
    readonly ForgetfulFiles _files = new();

    protected override async Task<ILog> OpenAsync() => await SegmentLog.StartAsync(
        new() { Folder = LogRig.Folder, SegmentBytes = 8192, RetentionMin = TimeSpan.Zero },
        _files, TimeProvider.System, NullLogger.Instance);
}
