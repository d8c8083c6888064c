using AgentReadiness.Cli;

return await Commands.Root(Console.In).Parse(args).InvokeAsync();
