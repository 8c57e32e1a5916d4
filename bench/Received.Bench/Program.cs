using BenchmarkDotNet.Running;
using Received.Bench.Compare;
using Received.Bench.Guard;
using Received.Bench.Invoices;
using Received.Bench.Load;
using Received.Bench.Ordinary;
using Received.Bench.Replay;
using Received.Bench.Results;
using Received.Bench.Scan;
using Received.Bench.Servers;
using Received.Bench.Soak;

// What each command measures and how to read it: docs/performance.md.
var rest = args.Skip(1).ToArray();
try
{
    switch (args.FirstOrDefault())
    {
        case "load":
            return await LoadRun.RunAsync(rest);
        case "compare":
            return await CompareRun.RunAsync(rest);
        case "soak":
            return await SoakRun.RunAsync(rest);
        case "guard":
            return await GuardRun.RunAsync(rest);
        case "micro":
            BenchmarkSwitcher.FromAssembly(typeof(LoadOptions).Assembly).Run(rest);
            return 0;
        case "scan":
            return ScanRun.Run(rest);
        case "replay":
            return await ReplayRun.RunAsync(rest);
        case "invoices":
            return await InvoiceBench.RunAsync(rest);
        case "table":
            var readme = Path.Combine(ResultFile.Root, "README.md");
            File.WriteAllText(readme, ResultTable.Update(File.ReadAllText(readme), ResultFile.Folder));
            return 0;
        // The servers that compare starts.
        case ReadOnlyServer.Command:
            return await ReadOnlyServer.RunAsync(rest);
        case OrdinaryServer.Command:
            return await OrdinaryServer.RunAsync(rest);
        default:
            Console.Error.WriteLine(
                "usage: received-bench load | compare | soak | guard | micro | scan | replay | invoices | table [...]");
            return 2;
    }
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(args[0] switch
    {
        "load" => LoadOptions.Help,
        "compare" => CompareRun.Help,
        "soak" => SoakRun.Help,
        "guard" => GuardRun.Help,
        _ => e.ToString(),
    });
    return 2;
}
catch (Exception e) when (e is BenchException or IOException or HttpRequestException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
