import type {Step} from '@boxyard/core/protocol';
import {containerCollect} from './collect.ts';
import {containerCreate, containerRemove, containerStart, containerStop, containerWait} from './container.ts';
import type {StepContext} from './context.ts';
import {displayOpen} from './display.ts';
import {containerExec} from './exec.ts';
import {foldersFetch, foldersStore} from './folders.ts';
import {imageBuild, imageDelete, imagePull, imageSnapshot} from './image.ts';
import {containerSetup} from './setup.ts';

/** The closed list of what an agent does. Each is idempotent by the names in it; rejections are BoxyardErrors or the signal's reason. */
export function perform(context: StepContext, step: Step): Promise<void> {
  switch (step.do) {
    case 'image.pull':
      return imagePull(context, step);
    case 'image.build':
      return imageBuild(context, step);
    case 'image.delete':
      return imageDelete(context, step);
    case 'image.snapshot':
      return imageSnapshot(context, step);
    case 'container.create':
      return containerCreate(context, step);
    case 'container.setup':
      return containerSetup(context, step);
    case 'container.start':
      return containerStart(context, step);
    case 'container.wait':
      return containerWait(context, step);
    case 'container.exec':
    case 'container.exec.background':
      return containerExec(context, step);
    case 'display.open':
      return displayOpen(context, step);
    case 'container.collect':
      return containerCollect(context, step);
    case 'folders.fetch':
      return foldersFetch(context, step);
    case 'folders.store':
      return foldersStore(context, step);
    case 'container.stop':
      return containerStop(context, step);
    case 'container.remove':
      return containerRemove(context, step);
  }
}
