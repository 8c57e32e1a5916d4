using BenchmarkDotNet.Running;
using Received.Bench.Invoices;
using Received.Bench.Load;
using Received.Bench.Replay;
using Received.Bench.Scan;
using Received.Bench.Servers;

// received-bench load [...]                             a server under load, from a process of its own
// received-bench micro [BenchmarkDotNet's options]     the steps of the hot path, one by one
// received-bench scan [ROUNDS]                          body to frame in processor time, beside System.Text.Json
// received-bench replay [--events N] [--keyed] [...]  a stored log rated and archived through the real adapters
// received-bench invoices [--contracts N] [--windows N]   an invoice run through the real stores
try
{
    switch (args.FirstOrDefault())
    {
        case "load":
            return await LoadRun.RunAsync(args[1..]);
        case "micro":
            BenchmarkSwitcher.FromAssembly(typeof(LoadOptions).Assembly).Run(args[1..]);
            return 0;
        case "scan":
            return ScanRun.Run(args[1..]);
        case "replay":
            return await ReplayRun.RunAsync(args[1..]);
        case "invoices":
            return await InvoiceBench.RunAsync(args[1..]);
        default:
            Console.Error.WriteLine("usage: received-bench load | micro | scan | replay | invoices [...]");
            return 2;
    }
}
catch (ArgumentException e) when (args[0] is "load")
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(LoadOptions.Help);
    return 2;
}
catch (Exception e) when (e is BenchException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
