using Microsoft.Extensions.Logging.Abstractions;
using Received.Log;
using Received.Log.Segments;

namespace Received.Tests.Log;

/// <summary>The embedded log on the machine's own file system.</summary>
public sealed class SegmentLogOnDiskTests : LogContract, IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("received-log-").FullName;

    protected override async Task<ILog> OpenAsync() => await SegmentLog.StartAsync(
        new() { Folder = Path.Combine(_folder, "log"), SegmentBytes = 16384, RetentionMin = TimeSpan.Zero },
        new DiskFiles(), TimeProvider.System, NullLogger.Instance);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
