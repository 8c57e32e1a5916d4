using Spectre.Console;

namespace Received.Server.Demo;

/// <summary>Rate and latency while the demo streams: a live bar on a terminal, a line every few seconds
/// elsewhere.</summary>
sealed class DemoProgress(IAnsiConsole console, DemoPlan plan, DemoTally tally, TimeProvider time)
{
    static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(250);
    static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(2);

    public Task ShowAsync(Task sending, CancellationToken cancellation) => console.Profile.Capabilities.Interactive
        ? console.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => BarAsync(context, sending, cancellation))
        : LinesAsync(sending, cancellation);

    async Task BarAsync(ProgressContext context, Task sending, CancellationToken cancellation)
    {
        var bar = context.AddTask(Line(), maxValue: plan.EventCount);
        while (!sending.IsCompleted)
        {
            bar.Value = tally.Answered;
            bar.Description = Line();
            if (tally.TakeNote() is { } note) console.WriteLine("  " + note);
            await Task.WhenAny(sending, Task.Delay(Refresh, time, cancellation));
        }

        bar.Value = tally.Answered;
        bar.Description = Line();
    }

    async Task LinesAsync(Task sending, CancellationToken cancellation)
    {
        while (!sending.IsCompleted)
        {
            await Task.WhenAny(sending, Task.Delay(LineEvery, time, cancellation));
            if (tally.TakeNote() is { } note) console.WriteLine("  " + note);
            console.WriteLine("  " + Line());
        }
    }

    string Line()
    {
        var seconds = Math.Max(tally.Elapsed.TotalSeconds, 0.001);
        return $"{tally.Answered,11:N0} events answered, {tally.Answered / seconds,9:N0}/s, batches p50 " +
            $"{tally.Percentile(false, 0.5):N1} p99 {tally.Percentile(false, 0.99):N1} ms, {tally.Retries:N0} retries";
    }
}
