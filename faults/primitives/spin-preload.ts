process.on('SIGUSR2', () => {
  const end = Date.now() + Number(process.env['BOXYARD_TEST_SPIN_MS']);
  while (Date.now() < end);
});
