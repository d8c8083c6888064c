using System.CommandLine;
using AgentReadiness.Controller.Hosting;

var output = new Option<DirectoryInfo>("--output")
{
    Description = "Write a file for each kind into this folder instead of printing them.",
};
var crds = new Command("crds", "Print the CustomResourceDefinitions, generated from the C# types.") { output };
crds.SetAction(result => CrdFiles.Write(result.GetValue(output), Console.Out));

var run = new Command("run", "Run the operator; its settings come from the environment (see the chart).");
run.SetAction((_, cancellationToken) => OperatorHost.RunAsync(cancellationToken));

var version = new Command("version", "Print the version.");
version.SetAction(_ => Console.WriteLine(typeof(CrdFiles).Assembly.GetName().Version?.ToString(3)));

return await new RootCommand("Agent Readiness Operator: gates rollouts of AI agents on evals, guards their calls, caps their cost.")
{
    run,
    crds,
    version,
}
    .Parse(args.Length == 0 ? ["run"] : args)
    .InvokeAsync();
