using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Received.Bench.Servers;

/// <summary>A server as a process of its own; what it prints goes to a file. Disposing ends it.</summary>
sealed class ChildProcess : IAsyncDisposable
{
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    readonly Process _process;
    readonly StreamWriter _output;

    public ChildProcess(
        string program, IEnumerable<string> arguments, string output,
        IReadOnlyDictionary<string, string>? settings = null)
    {
        Output = output;
        _output = new(output) { AutoFlush = true };
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in settings ?? new Dictionary<string, string>()) start.Environment[name] = value;
        Started = Stopwatch.GetTimestamp();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Of the stopwatch.</summary>
    public long Started { get; }

    public string Output { get; }

    public int Pid => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>This program in one of its hidden ways of being a server.</summary>
    public static ChildProcess OfThisProgram(string output, params string[] arguments) =>
        new(Environment.ProcessPath!, arguments, output);

    /// <summary>In such a server: ends it when its parent has, however that ended.</summary>
    public static void EndWithParent()
    {
        _ = Task.Run(() =>
        {
            Console.In.ReadToEnd();
            Environment.Exit(0);
        });
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // As an operator would stop it; Process itself can only kill.
            using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(StopLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
        await _output.DisposeAsync();
    }

    void Keep(object? sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (_output) _output.WriteLine(line.Data);
    }
}
