using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Received.Server.Cli;

namespace Received.Server.Demo;

/// <summary>
/// The demo's own server: this same program as a process apart, so that it can be killed like any other.
/// </summary>
sealed class DemoServer : IAsyncDisposable
{
    // Against hanging: a start takes three seconds of processor time, and whatever else runs has its share of it.
    static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    readonly string _data;
    readonly TimeProvider _time;
    readonly string _log;
    readonly string _program;
    readonly IReadOnlyDictionary<string, string> _settings;
    Process? _process;

    /// <param name="program">The program to start; null for this process's own.</param>
    /// <param name="log">Where what it prints goes; null for a file in the data folder.</param>
    /// <param name="settings">Environment variables, such as Received__Log__SegmentBytes.</param>
    public DemoServer(
        string data, TimeProvider time, string? program = null, string? log = null,
        IReadOnlyDictionary<string, string>? settings = null)
    {
        _program = program ?? Environment.ProcessPath
            ?? throw new CommandException("The program's own path is unknown.");
        _data = data;
        _time = time;
        _settings = settings ?? new Dictionary<string, string>();
        _log = log ?? Path.Combine(data, "demo-server.log");
        Url = $"http://127.0.0.1:{FreePort()}";
    }

    public string Url { get; }

    /// <summary>What its clock shows at the start; null for the system's.</summary>
    public DateTimeOffset? Clock { get; init; }

    /// <summary>What the server printed, for when something went wrong.</summary>
    public string LogPath => _log;

    /// <exception cref="CommandException">The server ended or was not ready in time.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true };
        start.FileName = _program;
        if (Path.GetFileNameWithoutExtension(_program) == "dotnet")
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in new[] { "serve", "--data", _data, "--urls", Url }) start.ArgumentList.Add(argument);
        if (Clock is { } clock)
        {
            start.ArgumentList.Add(ServeCommand.ClockOption);
            start.ArgumentList.Add(clock.ToString("O"));
        }

        foreach (var (name, value) in _settings) start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new CommandException("The server's process did not start.");
        _process = process;
        Follow(process);
        // The server is on this machine: never through a proxy.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var started = _time.GetTimestamp();
        while (_time.GetElapsedTime(started) < StartLimit)
        {
            if (process.HasExited) throw new CommandException($"The server ended with {process.ExitCode}; see {_log}.");
            if (await IsReadyAsync(http, cancellation)) return;
            await Task.Delay(Poll, _time, cancellation);
        }

        throw new CommandException($"The server was not ready within {StartLimit.TotalSeconds} s; see {_log}.");
    }

    /// <summary>SIGKILL: no goodbye, no flush.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        if (_process is null) return;
        _process.Kill();
        await _process.WaitForExitAsync(cancellation);
        _process.Dispose();
        _process = null;
    }

    /// <summary>A signal by its name, such as STOP or CONT; Process itself can only kill.</summary>
    public async Task SignalAsync(string signal)
    {
        if (_process is null) return;
        using var kill = Process.Start("kill", ["-" + signal, _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited)
        {
            // As an operator would stop it.
            await SignalAsync("TERM");
            using var limit = new CancellationTokenSource(StopLimit, _time);
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
    }

    void Follow(Process process)
    {
        void Append(object? sender, DataReceivedEventArgs line)
        {
            if (line.Data is null) return;
            lock (_log) File.AppendAllText(_log, line.Data + Environment.NewLine);
        }

        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(Url + "/health/ready"), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
