using Microsoft.Extensions.Logging;

namespace Received.Log.Segments;

/// <summary>
/// Makes the next segment's file while the present one fills: allocated and zeroed, because a write into a hole or past
/// the end makes fdatasync write metadata too (2 to 3 times slower). Used by the writer's thread only.
/// </summary>
sealed class SegmentPreparer(FileLayer files, SegmentLogOptions options, ILogger logger)
{
    public const string Name = "next.segment";

    Thread? _maker;
    LogFile? _made;

    public string Path { get; } = System.IO.Path.Combine(options.Folder, Name);

    /// <summary>Begins in the background, unless it is under way or done.</summary>
    public void Start()
    {
        if (_maker is not null || _made is not null) return;
        _maker = new Thread(MakeAhead) { IsBackground = true, Name = "log preparer" };
        _maker.Start();
    }

    /// <summary>The prepared file, waited for or made now.</summary>
    public LogFile Take()
    {
        Join();
        // Where it failed ahead, what counts is whether it works now.
        var file = _made ?? Make();
        _made = null;
        return file;
    }

    /// <summary>As <see cref="Take"/>, and keeps the file for the next call.</summary>
    public void Ensure() => _made = Take();

    /// <summary>Waits for the background and closes what it made.</summary>
    public void Stop()
    {
        Join();
        _made?.Dispose();
        _made = null;
    }

    void Join()
    {
        _maker?.Join();
        _maker = null;
    }

    void MakeAhead()
    {
        try
        {
            _made = Make();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogMessages.PreparationFailed(logger, Path, error.Message);
        }
    }

    LogFile Make()
    {
        var file = files.Create(Path, options.SegmentBytes);
        try
        {
            file.WriteZeros(options.SegmentBytes);
            file.Sync();
            return file;
        }
        catch (Exception)
        {
            file.Dispose();
            Discard();
            throw;
        }
    }

    /// <summary>A part of a segment must not hold the room that others need to go on.</summary>
    void Discard()
    {
        try
        {
            files.Delete(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogMessages.PreparationFailed(logger, Path, error.Message);
        }
    }
}
