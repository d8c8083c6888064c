using AgentReadiness.Cli;

return await Commands.RunAsync(args, Console.In, Console.OpenStandardInput());
